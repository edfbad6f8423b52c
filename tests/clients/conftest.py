"""Both client packages as they are shipped, a running register for them, and a proxy that makes faults."""

import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import urllib3
from faults import Faults
from javascript import npm
from jwt.algorithms import ECAlgorithm
from receiving import Server
from registers import provisioned
from serving import served, until

from coopapi.auth.jwks import new_signing_key, public_jwk
from coopapi.ops import administration

ROOT = Path(__file__).parents[2]
SHARED = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"
GENERATED = ("node_modules", "dist", "schema.ts", "models.py", "operations.py", "__pycache__")


@dataclass
class Live:
    """A running register: its address, the credentials of a client with a secret and of one with a key, and tokens."""

    url: str
    credentials: dict
    keyed: dict
    admins: dict

    def send(self, method, path, body=None, by="ours", **headers):
        """Send a request as an administrator, or as the client of the other side."""
        bearer = {"Authorization": f"Bearer {self.admins[by]}", **headers}
        answer = urllib3.request(method, f"{self.url}/api/v1{path}", json=body, headers=bearer, retries=False)
        assert answer.status < 300, answer.data
        return answer.json()


@pytest.fixture(scope="session")
def live(postgres, migrated, tmp_path_factory, receiver_port):
    folder = tmp_path_factory.mktemp("clients")
    with provisioned(postgres, folder) as (environment, database):
        ours, theirs = (
            administration.add_authority(database, {"name": name, "type": "police_unit", "country": country})
            for name, country in (("Cybercrime Unit", "RO"), ("National Police", "NL"))
        )
        private = new_signing_key()[1]
        clients = {
            name: administration.provide_client(database, home, {"name": name, "roles": ["system"], "victim_cleared": False, **more})
            for name, home, more in (("ours", ours, {}), ("theirs", theirs, {}),
                                     ("keyed", ours, {"jwks": {"keys": [public_jwk("k1", private)]}}))
        }  # fmt: skip
        issuer = database.settings.issuer
        person = {"issuer": issuer, "roles": ["admin"], "victim_cleared": False}
        admins = {
            name: administration.add_person(database, home, {**person, "name": name, "subject": name})
            for name, home in (("ours", ours), ("operator", administration.OPERATOR))
        }
        tokens = {name: administration.token(database, row) for name, row in admins.items()}
        tokens["theirs"] = administration.token(database, clients["theirs"].id)
        secret = {"client_id": str(clients["ours"].id), "client_secret": clients["ours"].secret}
        key = {**ECAlgorithm.to_jwk(private, as_dict=True), "kid": "k1"}
        keyed = {"client_id": str(clients["keyed"].id), "key": key, "audience": f"{database.settings.base_url}/oauth/token"}
        allowed = f"127.0.0.1:{receiver_port}"
        with served(environment, folder, WORKERS=1, SPOOL_MB=100, WEBHOOK_ALLOW=allowed) as service:
            register = Live(f"http://127.0.0.1:{service.port}", secret, keyed, tokens)
            held = {"reference": "NL-1", "title": "Held", "identifiers": [{"kind": "btc_address", "value": SHARED}]}
            register.send("POST", "/cases", held, by="theirs")
            yield register


@pytest.fixture
def faults(live):
    with Faults(live.url) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def webhook(live, receiver_port):
    """The secret of an address of ours, and a message that the register sent there: its headers and its body."""
    with Server(receiver_port, plain=True) as running:
        url = f"http://127.0.0.1:{receiver_port}/hook"
        made = live.send("POST", "/webhooks", {"client_id": live.credentials["client_id"], "url": url})
        (approval,) = live.send("GET", "/approvals", by="operator")["items"]
        approved = {"If-Match": f'"{approval["etag"]}"'}
        live.send("POST", f"/approvals/{approval['id']}/transitions", {"event": "approve"}, by="operator", **approved)
        live.send("POST", f"/webhooks/{made['id']}/ping")
        until(lambda: running.receiver.taken)
        got = running.receiver.taken[0]
        return made["secret"], got.headers, got.body


@pytest.fixture(scope="session")
def sources(tmp_path_factory):
    """A copy of the folder openapi, without what was generated in it."""
    folder = tmp_path_factory.mktemp("sources")
    shutil.copytree(ROOT / "openapi", folder / "openapi", ignore=shutil.ignore_patterns(*GENERATED))
    return folder / "openapi" / "clients"


@pytest.fixture(scope="session")
def python_package(sources, tmp_path_factory):
    """The Python package, built as a wheel and laid into a folder of its own that programs can import from."""
    folder = tmp_path_factory.mktemp("python")
    command = (sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, sources / "python")
    subprocess.run(command, check=True)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "installed")
    return folder / "installed"


@pytest.fixture(scope="session")
def coopapi_client(python_package):
    """The Python package, imported."""
    sys.path.insert(0, str(python_package))
    import coopapi_client

    yield coopapi_client
    sys.path.remove(str(python_package))


@pytest.fixture(scope="session")
def application(sources, tmp_path_factory):
    """An empty application in which npm has installed the TypeScript package, built and packed."""
    folder, package = tmp_path_factory.mktemp("application"), sources / "typescript"
    npm("ci", cwd=package)
    npm("pack", "--pack-destination", str(folder), cwd=package)
    (folder / "package.json").write_text(json.dumps({"type": "module", "private": True}))
    (packed,) = folder.glob("*.tgz")
    npm("install", str(packed), cwd=folder)
    (folder / "tsc").symlink_to(package / "node_modules" / "typescript" / "bin" / "tsc")
    return folder
