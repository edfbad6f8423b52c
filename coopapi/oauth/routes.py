"""The token endpoint, and the keys against which its tokens are checked."""

from typing import Any

from flask import request
from marshmallow import EXCLUDE, fields

from coopapi.access import Action
from coopapi.auth import signing_keys
from coopapi.directory.schemas import JsonWebKeyIn
from coopapi.http.api import Blueprint, database
from coopapi.http.fields import Schema, Shown, Stored, Text
from coopapi.oauth import service

blp = Blueprint("oauth", __name__, description="Access tokens for machine clients")


class TokenIn(Schema):
    """How a client asks for a token (RFC 6749, 4.4; RFC 7523, 2.2)."""

    class Meta:
        """What other grants would send is ignored (RFC 6749, 3.2)."""

        unknown = EXCLUDE

    grant_type = Text(100, required=True, metadata={"description": "client_credentials"})
    client_id = Text(100)
    client_secret = Text(200, least=0)
    client_assertion_type = Text(200)
    client_assertion = Text(8192)


class TokenOut(Shown):
    """An access token (RFC 6749, 5.1)."""

    access_token = fields.String(required=True)
    token_type = fields.String(required=True)
    expires_in = fields.Integer(required=True)


class TokenKeysOut(Shown):
    """Public keys (RFC 7517)."""

    keys = fields.List(Stored(JsonWebKeyIn), required=True)


@blp.route("/oauth/token", method="POST", allow=Action.PUBLIC, form=TokenIn, returns=TokenOut)
def issue_token(form: dict[str, str]) -> dict[str, Any]:
    """Issue an access token to a machine client: client_credentials with a secret or with private_key_jwt (RFC 7523)."""
    proof = service.proof_from(form, request.headers.get("Authorization"))
    return service.token_for(database(), proof, request.remote_addr or "")


@blp.route("/.well-known/jwks.json", allow=Action.PUBLIC, returns=TokenKeysOut)
def get_token_keys() -> dict[str, Any]:
    """Show the public keys that verify the tokens issued by this service."""
    with database().anonymous() as session:
        return signing_keys.read(session, database().keys).public(database().clock())
