"""The OpenAPI document: what the checks of a route add to it, and problem documents as the response to every error."""

from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import flask_smorest
from flask import Flask

from coopapi.access import GRANTS, Action
from coopapi.errors import CoopError
from coopapi.http.components import name_codes, place_of
from coopapi.http.middleware import ENDING
from coopapi.http.outcomes import Problem
from coopapi.http.problems import MEDIA_TYPE, STATUS, remedy


@dataclass(frozen=True, slots=True)
class Notes:
    """The data about a route from which its documentation is generated."""

    name: str
    allow: Action
    method: str
    also: Sequence[str]
    steps: Mapping[str, Collection[Action]]
    changes: bool
    names_things: bool
    has_body: bool
    counts_values: bool
    pages: bool
    settles: bool
    polls: bool
    only_reads: bool
    has_form: bool
    files: Mapping[str, str]
    """The media types of a file that is the body, or for GET the answer, each with an example."""

    @property
    def gives_file(self) -> bool:
        """Tell whether the response is a file."""
        return bool(self.files) and self.method == "GET"

    @property
    def problems(self) -> list[HTTPStatus]:
        """The error statuses that this route can return, in addition to those that every route can return."""
        public, posts = self.allow is Action.PUBLIC, self.method in {"POST", "PATCH"}
        said = {
            HTTPStatus.BAD_REQUEST: self.has_form,
            HTTPStatus.UNAUTHORIZED: not public or self.method == "POST",
            HTTPStatus.FORBIDDEN: not public,
            HTTPStatus.NOT_FOUND: self.names_things,
            HTTPStatus.CONFLICT: (posts and not public and not self.only_reads) or self.gives_file,
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: self.gives_file,
            HTTPStatus.PRECONDITION_FAILED: self.changes,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE: self.has_body and not self.gives_file,
            HTTPStatus.PRECONDITION_REQUIRED: self.changes,
            HTTPStatus.TOO_MANY_REQUESTS: (self.counts_values and not self.files) or (public and posts),
        }
        return [status for status, holds in said.items() if holds]


@dataclass(frozen=True, slots=True)
class Group:
    """Routes that are listed under one heading of the document."""

    name: str
    description: str
    blueprints: tuple[flask_smorest.Blueprint, ...]


class Api(flask_smorest.Api):
    """The flask-smorest API, with problem documents as the error responses."""

    ERROR_SCHEMA = Problem

    def _register_error_handlers(self) -> None:
        """Install no error handlers, because problems.py does."""


def _header(name: str, description: str, *, required: bool = False) -> dict[str, Any]:
    return {"in": "header", "name": name, "required": required, "schema": {"type": "string"}, "description": description}


def _text(description: str) -> dict[str, Any]:
    return {"schema": {"type": "string"}, "description": description}


_PREFER: Final = "`wait=5`: wait up to 5 seconds until the overlaps are found (RFC 7240)."
_MINIMAL: Final = "`return=minimal`: the response has only the ids of the identifiers."
HEADERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "X-Request-Id": _text("The id of the request. Give it to the operator when you report an error."),
    "ETag": _text(
        "The version of the resource, for `If-Match` and `If-None-Match`. Lists have a digest, for `If-None-Match` alone."
    ),
    "Link": _text('The address of the next page, with rel="next", while there is one.'),
    "RateLimit-Policy": _text("The quotas of your client: how many new values it may register, and in how many seconds."),
    "Preference-Applied": _text("The preferences that were applied (RFC 7240): `return=minimal`, and the seconds of `wait`."),
    "RateLimit": _text("How many new values remain in each quota, and in how many seconds the quota is reset."),
    "Retry-After": _text("The number of seconds to wait before you try again."),
    "WWW-Authenticate": _text("The authentication scheme: an access token as Bearer."),
}
_OF_PROBLEMS: Final[Mapping[int, tuple[str, ...]]] = {
    HTTPStatus.UNAUTHORIZED: ("WWW-Authenticate",),
    HTTPStatus.TOO_MANY_REQUESTS: ("Retry-After", "RateLimit-Policy", "RateLimit"),
}


def document_route(doc: dict[str, Any], info: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add to the OpenAPI document what the checks of a route need and return."""
    notes: Notes | None = info.get("coopapi")
    if notes is None:
        return doc
    doc["operationId"] = notes.name
    doc["x-action"] = str(notes.allow)
    if notes.name in ENDING:
        doc["deprecated"] = True
    _document_answers(doc, notes)
    if notes.files:
        _document_file(doc, notes)
    words = info["docstring"]
    words["description"] = "\n\n".join(filter(None, (words.get("description"), *_explained(notes))))
    if notes.allow is Action.PUBLIC:
        doc["security"] = []
        return doc
    headers = [_header("Coopapi-Role", "The role to use; required if you have several roles.")]
    headers.append(
        _header(
            "Coopapi-Purpose", "The purpose of the request: a code of the codelist `purposes`. Each role has a default purpose."
        )
    )
    if notes.settles:
        headers.append(_header("Prefer", _PREFER if notes.method == "GET" else f"{_PREFER} {_MINIMAL}"))
    if notes.changes:
        headers.append(_header("If-Match", "The ETag of the version that you want to change.", required=True))
    if notes.method == "POST" and not notes.only_reads:
        headers.append(
            _header(
                "Idempotency-Key", "A key for this request. If you repeat the request with the same key, it takes effect only once."
            )
        )
    doc["parameters"] = [*doc.get("parameters", []), *headers]
    return doc


def _document_file(doc: dict[str, Any], notes: Notes) -> None:
    """Document a file as the body, or as the response, whole or in part."""
    schema = {"type": "string", "format": "binary"}
    content = {kind: {"schema": schema, "example": example} for kind, example in notes.files.items()}
    if not notes.gives_file:
        doc["requestBody"] = {"required": True, "content": content}
        return
    whole = {**doc["responses"][int(HTTPStatus.OK)], "content": content}
    part = {**whole, "description": "The part that `Range` names."}
    doc["responses"] |= {int(HTTPStatus.OK): whole, int(HTTPStatus.PARTIAL_CONTENT): part}
    doc["parameters"] = [*doc.get("parameters", []), _header("Range", "A range of bytes, such as `bytes=0-16777215`.")]


def _document_answers(doc: dict[str, Any], notes: Notes) -> None:
    """Document the headers of the response, responses that are not JSON, and each error."""
    answers = [said for status, said in doc["responses"].items() if str(status).startswith("2")]
    sent = ["X-Request-Id", *(["ETag"] if notes.allow is not Action.PUBLIC else []), *(["Link"] if notes.pages else [])]
    sent += ["Preference-Applied"] if notes.settles else []
    sent += ["Retry-After"] if notes.polls or notes.settles else []
    sent += ["RateLimit-Policy", "RateLimit"] if notes.counts_values else []
    for answer in answers:
        answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in sent}
    if notes.also:
        (answer,) = answers
        answer["content"] = answer.get("content", {}) | {kind: {"schema": {"type": "string"}} for kind in notes.also}
    checked = [HTTPStatus.UNPROCESSABLE_ENTITY] if "422" in map(str, doc["responses"]) and not notes.has_form else []
    doc["responses"] = {status: said for status, said in doc["responses"].items() if str(status).startswith("2")}
    for status in sorted({*notes.problems, *checked}):
        doc["responses"][str(int(status))] = {"$ref": f"#/components/responses/{_kind(status).__name__}"}
    doc["responses"]["default"] = {"$ref": "#/components/responses/Problem"}


def _explained(notes: Notes) -> list[str]:
    """Return paragraphs about who may call the operation and what others get."""
    if notes.allow is Action.PUBLIC:
        return ["No access token is needed."]
    said = [f"Roles: {_roles({notes.allow})}. Any other role is answered with 403."]
    if len(set(map(frozenset, notes.steps.values())) | {frozenset({notes.allow})}) > 1:
        said.append("\n".join(f"- `{event}`: {_roles(actions)}" for event, actions in notes.steps.items()))
    if notes.names_things:
        said.append("A resource that does not exist, or that you may not see, is answered with 404.")
    if notes.changes:
        said.append(
            "Send the ETag that you read in `If-Match`. Without it the answer is 428; with the ETag of an older version it is 412."
        )
    return said


def _roles(actions: Collection[Action]) -> str:
    """Return the roles that include one of these actions."""
    roles = sorted(role for role, granted in GRANTS.items() if granted.intersection(actions))
    return "all" if len(roles) == len(GRANTS) else ", ".join(f"`{role}`" for role in roles)


def _kind(status: HTTPStatus) -> type[CoopError]:
    return next(kind for kind, its in STATUS.items() if its == status)


def create_api(app: Flask, groups: Sequence[Group]) -> Api:
    """Register the routes of the features and generate their OpenAPI document."""
    api = Api(app)
    api.ma_plugin.converter.add_attribute_function(place_of)
    flow = {"tokenUrl": "/oauth/token", "scopes": {}}
    scheme = api.spec.components.security_scheme
    scheme("token", {"type": "http", "scheme": "bearer", "bearerFormat": "at+jwt (RFC 9068)"})
    scheme(
        "client",
        {"type": "oauth2", "flows": {"clientCredentials": flow}, "description": "The authentication scheme for machine clients."},
    )
    api.spec.options["security"] = [{"token": []}, {"client": []}]
    for name, header in HEADERS.items():
        api.spec.components.header(name, dict(header))
    for group in groups:
        for blueprint in group.blueprints:
            api.register_blueprint(blueprint)
    return api


def document_of(api: Api, groups: Sequence[Group], examples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the complete OpenAPI document, with the examples."""
    document: dict[str, Any] = api.spec.to_dict()
    named = {blueprint.name: group.name for group in groups for blueprint in group.blueprints}
    used = set()
    for item in document["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict) and "operationId" in operation:
                operation["tags"] = [named[tag] for tag in operation["tags"]]
                used |= {status for status in operation["responses"] if status[0] == "4"}
    document["tags"] = [{"name": group.name, "description": group.description} for group in groups]
    document["components"]["responses"] = {"Problem": _refusal("Any other problem; `type` names it.")}
    for status in map(HTTPStatus, map(int, sorted(used))):
        kind = _kind(status)
        words = f"{kind.title()} {remedy(kind)}"
        document["components"]["responses"][kind.__name__] = _refusal(words, _OF_PROBLEMS.get(status, ()))
    name_codes(document)
    for example in examples:
        _add_example(document, example)
    return document


def at_prefix(document: Mapping[str, Any], root: str) -> dict[str, Any]:
    """Return the document for a service that is reached under a path prefix."""
    found = {**deepcopy(dict(document)), "servers": [{"url": root}]}
    found["components"]["securitySchemes"]["client"]["flows"]["clientCredentials"]["tokenUrl"] = f"{root}/oauth/token"
    return found


def _add_example(document: dict[str, Any], example: Mapping[str, Any]) -> None:
    """Add an example request and response to an operation."""
    found = (o for item in document["paths"].values() for o in item.values() if isinstance(o, dict))
    operation = next(o for o in found if o.get("operationId") == example["operation"])
    answers, status = operation["responses"], str(example["status"])
    if "$ref" in answers[status]:
        answers[status] = deepcopy(document["components"]["responses"][answers[status]["$ref"].rpartition("/")[2]])
    parts = [(answers[status], example["response"])]
    if "body" in example["request"] and status.startswith("2"):  # Swagger UI sends the example unchanged
        parts.append((operation["requestBody"], example["request"]["body"]))
    for part, value in parts:
        (content,) = (said for said in part["content"].values() if "schema" in said)
        content.setdefault("examples", {})[example["name"]] = {"summary": example["summary"], "value": value}


def _refusal(words: str, more: Sequence[str] = ()) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", *more)}
    return {"description": words, "content": content, "headers": headers}
