"""The OpenAPI document: what the guard of a route adds to it, and problem documents as the answer to every error."""

from http import HTTPStatus
from typing import Any

import flask_smorest
import marshmallow as ma
from flask import Flask

from coopapi.access import Action
from coopapi.http.components import name_codes, place_of
from coopapi.http.fields import Shown
from coopapi.http.problems import MEDIA_TYPE


class Fault(Shown):
    """What is wrong with one part of a request."""

    where = ma.fields.String(required=True, data_key="in", metadata={"description": "body, query, path or headers"})
    pointer = ma.fields.String(required=True, metadata={"description": "JSON pointer (RFC 6901)"})
    rule = ma.fields.String(required=True, metadata={"description": "The rule that it breaks, such as `required` or `length`"})
    detail = ma.fields.String(required=True)


class Problem(Shown):
    """A problem document (RFC 9457)."""

    type = ma.fields.String(required=True, metadata={"format": "uri-reference"})
    title = ma.fields.String(required=True)
    status = ma.fields.Integer(required=True)
    detail = ma.fields.String()
    errors = ma.fields.List(ma.fields.Nested(Fault))


class Api(flask_smorest.Api):
    """The API document: errors are problem documents in it, as they are on the wire."""

    ERROR_SCHEMA = Problem

    def _register_responses(self) -> None:
        super()._register_responses()
        for response in self.spec.components.responses_lazy.values():
            if "application/json" in response.get("content", {}):
                response["content"] = {MEDIA_TYPE: response["content"].pop("application/json")}

    def _register_error_handlers(self) -> None:
        """Leave errors to problems.py."""


def _header(name: str, description: str, *, required: bool = False) -> dict[str, Any]:
    return {"in": "header", "name": name, "required": required, "schema": {"type": "string"}, "description": description}


def document_route(doc: dict[str, Any], info: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Write into the OpenAPI document what the guard does."""
    notes = info.get("coopapi")
    if notes is None:
        return doc
    allow: Action = notes["allow"]
    doc["operationId"] = notes["name"]
    doc["x-action"] = str(allow)
    doc.setdefault("responses", {})["default"] = "DEFAULT_ERROR"
    if notes["also"]:
        answer = doc["responses"][HTTPStatus.OK]
        answer["content"] = answer.get("content", {}) | {kind: {"schema": {"type": "string"}} for kind in notes["also"]}
    if allow is Action.PUBLIC:
        doc["security"] = []
        return doc
    headers = [_header("Coopapi-Role", "The role acted in, for a caller who has several.")]
    headers.append(_header("Coopapi-Purpose", "Why: a code of the codelist `purposes`; each role has its usual one."))
    if notes["changes"]:
        headers.append(_header("If-Match", "The ETag of the version that is being changed.", required=True))
    if notes["method"] == "POST":
        headers.append(_header("Idempotency-Key", "Send the same key again, and the effect happens once."))
    doc["parameters"] = [*doc.get("parameters", []), *headers]
    doc["responses"] |= {str(int(s)): s.name for s in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)}
    return doc


def create_api(app: Flask, *blueprints: flask_smorest.Blueprint) -> Api:
    """Register the features' routes and their document."""
    api = Api(app)
    api.ma_plugin.converter.add_attribute_function(place_of)
    api.spec.components.security_scheme("token", {"type": "http", "scheme": "bearer", "bearerFormat": "at+jwt (RFC 9068)"})
    api.spec.options["security"] = [{"token": []}]
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    return api


def document_of(api: Api) -> dict[str, Any]:
    """Write the whole document."""
    document: dict[str, Any] = api.spec.to_dict()
    name_codes(document)
    return document
