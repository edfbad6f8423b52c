"""The TypeScript package: built, packed and installed with the Node of a wheel, then typed and driven against a running register."""

import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from javascript import node
from standardwebhooks.webhooks import Webhook

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "clients.md").read_text()
TYPESCRIPT = HERE.parents[1] / "openapi" / "clients" / "typescript"
STRICT = ("--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "nodenext")
EXAMPLE = re.search(r"^<!-- run: typescript -->\n```typescript\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)[1]
FILES = """declare module "node:fs" {
  export function readFileSync(path: string, encoding: string): string;
  export function writeFileSync(path: string, content: string): void;
}
"""
WRONG = """import { Client, data } from "coopapi-client";
const register = new Client({ url: "", clientId: "", clientSecret: "" });
// @ts-expect-error
await register.api.POST("/api/v1/cases", { body: { reference: "A", titel: "B" } });
// @ts-expect-error
(await data(register.api.GET("/api/v1/cases/{case_id}", { params: { path: { case_id: "1" } } }))).stat;
"""


def test_the_example_of_the_page_does_what_it_says(application, live):
    (application / ".coopapi-demo").mkdir()
    (application / ".coopapi-demo" / "client.json").write_text(json.dumps(live.credentials))
    (application / "example.ts").write_text(EXAMPLE.replace("http://127.0.0.1:8000", live.url))
    said = node("example.ts", cwd=application).splitlines()
    assert said[0] in {"overlap: strong NL", "overlap: strong RO"}  # the example of the other package registers the same value
    assert said[-2:] == ["read: 2 of 2", "refused: 2"]


def test_a_program_that_uses_the_package_is_typed(application):
    for name, text in {"files.d.ts": FILES, "typed.ts": EXAMPLE, "wrong.ts": WRONG}.items():
        (application / name).write_text(text)
    assert node("tsc", *STRICT, "files.d.ts", "typed.ts", "wrong.ts", cwd=application) == ""


def test_the_package_has_its_manners(application, live, faults, webhook):
    secret, headers, body = webhook
    at = datetime.now(UTC) - timedelta(minutes=6)
    signature = Webhook(secret).sign(headers["webhook-id"], at, body.decode())
    old = {**headers, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
    message = {"secret": secret, "headers": headers, "body": body.decode(), "old": old}
    told = {"url": faults.url, "credentials": live.credentials, "keyed": live.keyed, "webhook": message}
    (application / "live.json").write_text(json.dumps(told))
    shutil.copy(HERE / "manners.test.mjs", application)
    assert "# fail 0" in node("--test", "--test-reporter=tap", "manners.test.mjs", cwd=application)


def test_the_lock_names_no_registry():
    assert "resolved" not in (TYPESCRIPT / "package-lock.json").read_text()
