"""Writes the generated modules when the package is built: `models.py` from the schemas and `operations.py` from the paths.

The API document is `openapi/openapi.json` of the project, or the copy in a source distribution.
"""

import json
import keyword
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BY_HAND: Final = frozenset({"issue_token", "send_import"})
"""What the other modules do: the body of these is no JSON."""
_SIMPLE: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
_FLAGS: Final = (
    "--input-file-type=openapi", "--output-model-type=typing.TypedDict", "--target-python-version=3.11", "--disable-timestamp",
    "--no-use-closed-typed-dict", "--use-schema-description", "--use-inline-field-description", "--formatters=builtin",
)  # fmt: skip
_HEAD: Final = '''"""Every operation of the API as a method. This module is generated from the API document."""

from collections.abc import Mapping
from typing import Any, Literal

import httpx

from coopapi_client import models
from coopapi_client.paging import Pages
from coopapi_client.transport import Transport, Version, new_key, quoted


class Operations(Transport):
    """The operations, named as in the API document."""
'''


class GenerateModules(BuildHookInterface[Any]):
    """Runs before each build, also before an editable one."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write both modules."""
        del version, build_data
        root = Path(self.root)
        document = next(path for path in (root / "openapi.json", root.parents[1] / "openapi.json") if path.exists())
        package = root / "src" / "coopapi_client"
        command = (sys.executable, "-W", "ignore", "-m", "datamodel_code_generator", *_FLAGS)
        subprocess.run((*command, f"--input={document}", f"--output={package / 'models.py'}"), check=True)  # noqa: S603 (our own file)
        (package / "operations.py").write_text(_HEAD + "".join(methods(json.loads(document.read_text()))))


def methods(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the source of a method for each operation."""
    for path, item in document["paths"].items():
        shared = item.get("parameters", [])
        for verb, operation in item.items():
            if verb != "parameters" and operation["operationId"] not in BY_HAND:
                yield _method(document, path, verb.upper(), {**operation, "parameters": shared + operation.get("parameters", [])})


def _method(document: Mapping[str, Any], path: str, verb: str, operation: Mapping[str, Any]) -> str:
    by_place: dict[str, list[Any]] = {"path": [], "query": [], "header": []}
    for parameter in operation["parameters"]:
        by_place[parameter["in"]].append(parameter)
    query = {one["name"]: (_python_name(one["name"]), _type(one["schema"])) for one in by_place["query"]}
    headers = {one["name"] for one in by_place["header"]}
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    kind, answer = _answer(document, operation, query)
    named = [f"{name}: {of} | None = None" for name, of in query.values()]
    named += ["read: Version"] * ("If-Match" in headers)
    named += ["idempotency_key: str | None = None"] * ("Idempotency-Key" in headers)
    named += ["prefer: str | None = None"] * ("Prefer" in headers)
    taken = ["self", *(f"{one['name']}: str" for one in by_place["path"]), *([f"body: {_type(body['schema'])}"] if body else [])]
    given = [f'"{verb}"', _address(path)]
    asked = ", ".join(f'"{name}": {variable}' for name, (variable, _) in query.items())
    given += [f"query={{{asked}}}"] * bool(query)
    given += ["body=body"] * bool(body) + ["read=read"] * ("If-Match" in headers) + ["prefer=prefer"] * ("Prefer" in headers)
    given += ["key=idempotency_key or new_key()"] * ("Idempotency-Key" in headers)
    signature = ", ".join([*taken, *(["*", *named] if named else [])])
    text = "\n\n".join(part for part in (operation["summary"], operation.get("description")) if part)
    said = text.replace("\\", "\\\\").replace('"""', "'''").replace("\n", "\n        ").replace("\n        \n", "\n\n")
    return (
        f"\n    def {operation['operationId']}({signature}) -> {answer}:\n"
        f'        """{said}\n        """\n'
        f"        answer: {answer} = self.{kind}({', '.join(given)})\n        return answer\n"
    )


def _answer(document: Mapping[str, Any], operation: Mapping[str, Any], query: Mapping[str, Any]) -> tuple[str, str]:
    """The method that sends the request, and the type of what it returns."""
    good = [said["content"] for status, said in operation["responses"].items() if status[0] == "2" and "content" in said]
    if any(set(content) != {"application/json"} for content in good):
        return "answer_of", "httpx.Response"
    kinds = sorted({_type(content["application/json"]["schema"]) for content in good})
    page = document["components"]["schemas"].get(kinds[0].removeprefix("models."), {}).get("properties", {})
    if {"items", "next"} <= page.keys() and "cursor" in query and "wait" not in query:
        return "pages_of", f"Pages[{_type(page['items']['items'])}]"
    return "json_of", " | ".join(kinds)


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return "models." + schema["$ref"].rpartition("/")[2]
    if schema.get("type") == "array":
        return f"list[{_type(schema['items'])}]"
    return _SIMPLE.get(schema.get("type", ""), "Any")


def _python_name(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) else name


def _address(path: str) -> str:
    return f'f"{path}"'.replace("{", "{quoted(").replace("}", ")}") if "{" in path else f'"{path}"'
