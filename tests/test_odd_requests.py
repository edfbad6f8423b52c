"""Requests as proxies forward them and odd clients send them: chunked bodies, weak tags, keys of the wrong type, doubled slashes."""

import io
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from coopapi.auth.jwks import RemoteKeys, StaticKeys, new_signing_key, public_jwk
from coopapi.auth.tokens import issuers_from
from coopapi.http.problems import MEDIA_TYPE

JWK = public_jwk("k", new_signing_key()[1])
NUMBERS = {"kty": "RSA", "kid": "r", "n": JWK["x"] * 8, "e": "AQAB"}


class Broken(io.RawIOBase):
    """A body whose second chunk is none: a server raises an error of its own when it is read."""

    def read(self, _size=-1):
        raise RuntimeError("invalid chunk size")


def chunked(world, path, body, by="investigator", **headers):
    """Send a body as a server passes it on that came in chunks: with an end, and without a length."""
    stream = body if isinstance(body, io.RawIOBase) else io.BytesIO(body)
    environ = {"wsgi.input": stream, "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    caller = world.as_(by)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    bearer = {"Authorization": f"Bearer {caller.token}", "Content-Type": "application/json", **named}
    return caller.client.post(path, headers=bearer, environ_overrides=environ)


def case_body(reference):
    return json.dumps({"reference": reference, "title": "T"}).encode()


def test_another_chunked_body_under_the_same_key_is_not_taken_for_the_first(world):
    first = chunked(world, "/api/v1/cases", case_body("NL-1"), Idempotency_Key="k")
    again = chunked(world, "/api/v1/cases", case_body("NL-1"), Idempotency_Key="k")
    other = chunked(world, "/api/v1/cases", case_body("NL-2"), Idempotency_Key="k")

    assert (first.status_code, again.status_code, again.json["id"]) == (201, 201, first.json["id"])
    assert (other.status_code, other.json["type"]) == (422, "/problems/key-reused")


def test_a_body_in_chunks_is_the_same_request_as_one_with_a_length(world):
    whole = world.as_("investigator").post("/cases", {"reference": "NL-1", "title": "T"}, Idempotency_Key="k")
    assert chunked(world, "/api/v1/cases", case_body("NL-1"), Idempotency_Key="k").json == whole.json


@pytest.mark.parametrize("path", ["/api/v1/cases", "/oauth/token"])
@pytest.mark.parametrize("key", [{}, {"Idempotency_Key": "k"}])
def test_a_body_that_breaks_off_is_a_bad_request(world, path, key):
    more = {"Content_Type": "application/x-www-form-urlencoded"} if path == "/oauth/token" else {}
    answer = chunked(world, path, Broken(), **key, **more)
    assert (answer.status_code, answer.content_type) == (400, MEDIA_TYPE)


def test_a_chunked_body_has_the_same_limit_as_any_other(world):
    assert chunked(world, "/api/v1/cases", b" " * 4_000_001).status_code == 413
    cut_off = case_body("NL-1") + b" " * 4_000_000 + b"and more"
    assert chunked(world, "/api/v1/cases", cut_off).status_code == 413


def test_an_authorization_header_that_is_not_ascii_proves_nothing(world):
    headers = {"Authorization": "Basic é:x", "Content-Type": "application/x-www-form-urlencoded"}
    answer = world.app.test_client().post("/oauth/token", data="grant_type=client_credentials", headers=headers)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


TAGS = ["{}", "W/{}", "  W/{} ", '"v1"', 'W/"v1"', '"v1-gzip"', '"v1;gzip"', '"v1--gzip"', '"v1-br"']


@pytest.mark.parametrize("tag", TAGS)
def test_a_tag_that_a_proxy_weakened_or_marked_names_the_same_version(world, tag):
    path = f"/cases/{world.case('investigator')}"
    me = world.as_("investigator")
    seen = me.get(path).headers["ETag"]

    assert me.patch(path, {"title": "New"}, If_Match=tag.format(seen)).status_code == 200
    assert me.patch(path, {"title": "Newer"}, If_Match=tag.format(seen)).status_code == 412


@pytest.mark.parametrize("mark", ["-gzip", ";gzip", "--gzip", "-br", "-zstd"])
def test_a_digest_with_the_coding_behind_it_is_read_too(world, mark):
    path = f"/cases/{world.case('investigator')}"
    me = world.as_("investigator")
    seen = me.get(path).headers["ETag"]
    assert me.patch(path, {"title": "New"}, If_Match=f'{seen[:-1]}{mark}"').status_code == 200


@pytest.mark.parametrize(
    "tag", ["*", "W/*", 'w/"v1"', '"v1", "v2"', "v1", '"v1-gzip-gzip"', '"v1-deflated"', '"x1"', '"v"', 'W/W/"v1"']
)
def test_what_is_no_tag_of_ours_names_no_version(world, tag):
    path = f"/cases/{world.case('investigator')}"
    assert world.as_("investigator").patch(path, {"title": "New"}, If_Match=tag).status_code == 400


def test_a_weakened_tag_says_that_nothing_has_changed(world):
    path = f"/cases/{world.case('investigator')}"
    me = world.as_("investigator")
    seen = me.get(path).headers["ETag"]
    assert me.get(path, If_None_Match=f"W/{seen}").status_code == 304


def test_head_names_the_same_version_as_get(world):
    path = f"/cases/{world.case('investigator')}"
    me = world.as_("investigator")
    got, asked = me.get(path), me.send("HEAD", path)
    assert (asked.status_code, asked.data, asked.headers["ETag"]) == (200, b"", got.headers["ETag"])
    assert me.send("HEAD", path, If_None_Match=got.headers["ETag"]).status_code == 304


@pytest.mark.parametrize("path", ["//api/v1/me", "/api//v1/me", "/api/v1//me", "/api/v1/me/", "/api/v1/me//", "//", "/docs//"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_path_with_an_empty_part_is_not_there(world, path, method):
    caller = world.as_("investigator")
    answer = caller.client.open(path, method=method, headers={"Authorization": f"Bearer {caller.token}"})
    assert (answer.status_code, answer.content_type, answer.json["type"]) == (404, MEDIA_TYPE, "/problems/not-found")


ODD = [["EdDSA"], {"a": 1}, 1, 1.5, True, None, [], {}]


@pytest.mark.parametrize("key", [JWK, NUMBERS], ids=["EC", "RSA"])
@pytest.mark.parametrize("name", ["kty", "kid", "use", "alg", "crv", "x", "y", "n", "e"])
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_a_member_of_a_key_of_the_wrong_type_is_refused(key, name, odd):
    with pytest.raises(ValueError, match="text"):
        StaticKeys({"keys": [{**key, name: odd}]})


@pytest.mark.parametrize("name", ["x5c", "key_ops", "x5t", "ext", "colour"])
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_a_member_that_is_not_read_may_be_anything(name, odd):
    assert StaticKeys({"keys": [{**JWK, name: odd}]}).find("k").algorithm == "ES256"


def test_a_member_of_a_key_that_is_not_read_is_not_stored(world):
    """A certificate names persons, and nobody looks at it."""
    body = {"name": "C", "roles": ["system"], "jwks": {"keys": [{**JWK, "x5c": ["Jane Heron"]}], "owner": "Jane Heron"}}
    path = f"/authorities/{world.authorities['nl']}/clients"
    made = world.as_("admin").post(path, body)
    assert made.json["jwks"] == {"keys": [JWK]}
    changed = world.as_("admin").patch(f"{path}/{made.json['id']}", {"jwks": body["jwks"]}, If_Match=made.headers["ETag"])
    assert "Heron" not in changed.get_data(as_text=True) + world.as_("admin").get(f"{path}/{made.json['id']}").get_data(
        as_text=True
    )


@pytest.mark.parametrize("odd", [["EdDSA"], 5, None], ids=repr)
@pytest.mark.parametrize("name", ["alg", "kty", "x", "crv"])
def test_a_client_with_such_a_key_is_refused_with_a_pointer(world, name, odd):
    body = {"name": "C", "roles": ["system"], "jwks": {"keys": [{**JWK, name: odd}]}}
    answer = world.as_("admin").post(f"/authorities/{world.authorities['nl']}/clients", body)
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/jwks")


@pytest.fixture
def issuer():
    """An issuer that publishes whatever the test says."""
    published = []

    class Publish(BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(published[0]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Publish) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", published
        server.shutdown()


@pytest.mark.parametrize("odd", [["EdDSA"], {}, 5], ids=repr)
def test_a_key_of_the_wrong_type_that_is_fetched_changes_nothing(issuer, odd):
    address, published = issuer
    now = [0.0]
    keys = RemoteKeys(address, clock=lambda: now[0])
    published[:] = [{"keys": [JWK]}]
    assert keys.find("k").algorithm == "ES256"

    published[:] = [{"keys": [{**JWK, "alg": odd}]}]
    now[0] += 3600

    assert keys.find("k").algorithm == "ES256"


@pytest.mark.parametrize("setting", ["algorithms", "typ"])
@pytest.mark.parametrize("odd", [["ES256"], {}, 5, None], ids=repr)
def test_the_settings_of_an_issuer_are_lists_of_text(setting, odd):
    with pytest.raises(ValueError, match="entry 1"):
        issuers_from([{"issuer": "x", "jwks": {"keys": []}, setting: [odd]}])


def registered(world, case, **headers):
    items = [{"kind": "email", "value": f"heron{n}@example.org"} for n in range(3)]
    return world.as_("romanian").post(f"/cases/{case}/identifiers", {"identifiers": items}, **headers)


@pytest.fixture
def lent(world):
    """A case to which Romania may contribute, and the grant."""
    case = world.case("investigator")
    grant = {"authority_id": world.authorities["ro"], "level": "contribute", "reason": "together"}
    given = world.as_("investigator").post(f"/cases/{case}/access", json.loads(json.dumps(grant, default=str)))
    assert given.status_code == 201, given.json
    return case, given.json["id"]


def withdraw(world, case, grant):
    step = {"event": "withdraw", "reason": "done"}
    path = f"/cases/{case}/access/{grant}/transitions"
    assert world.as_("investigator").post(path, step, If_Match='"v1"').status_code == 200


def test_a_replay_says_what_a_get_says_once_access_is_withdrawn(world, lent):
    case, grant = lent
    assert registered(world, case, Idempotency_Key="k").status_code == 201
    withdraw(world, case, grant)

    replay, got = registered(world, case, Idempotency_Key="k"), world.as_("romanian").get(f"/cases/{case}/identifiers")

    assert (replay.status_code, replay.json["type"]) == (got.status_code, got.json["type"]) == (404, "/problems/not-found")


@pytest.mark.parametrize("what", ["identifiers", "subjects"])
def test_a_replay_says_what_a_get_says_once_only_the_index_is_left(world, lent, what):
    case, grant = lent
    me = world.as_("romanian")

    def ask():
        if what == "identifiers":
            return registered(world, case, Idempotency_Key="k")
        return me.post(f"/cases/{case}/subjects", {"pseudonym": "S1", "category": "suspect"}, Idempotency_Key="k")

    assert ask().status_code == 201
    index = {"authority_id": str(world.authorities["ro"]), "level": "index", "reason": "only that it is there"}
    assert world.as_("investigator").post(f"/cases/{case}/access", index).status_code == 201
    withdraw(world, case, grant)

    replay, got = ask(), me.get(f"/cases/{case}/{what}")

    assert (replay.status_code, replay.json["type"]) == (got.status_code, got.json["type"]) == (403, "/problems/forbidden")


def test_a_replay_does_not_leave_out_what_is_seen_no_more(world, lent, owner):
    case, _ = lent
    made = registered(world, case, Idempotency_Key="k")
    with owner.cursor() as cursor:
        cursor.execute("update idempotency_keys set made = jsonb_set(made, '{ids,1}', to_jsonb(gen_random_uuid()::text))")
    assert made.status_code == 201
    assert registered(world, case, Idempotency_Key="k").status_code == 404


def test_a_judgement_is_made_once_and_shown_again(world):
    for who in ("foreign", "investigator"):
        world.hold(who, world.case(who), "heron@example.org")
    (overlap,) = world.overlaps("investigator")
    me = world.as_("investigator")
    path = f"/overlaps/{overlap['id']}/transitions"

    first, again = (me.post(path, {"event": "take"}, If_Match='"v1"', Idempotency_Key="k") for _ in range(2))

    assert (first.status_code, first.json["state"]) == (200, "under_verification")
    assert (again.status_code, again.json) == (200, first.json)
    assert first.headers["ETag"] == f'"{first.json["side"]["etag"]}"' == f'"{me.get(path).json["etag"]}"'


def test_an_overlap_shows_the_value_of_every_item_of_evidence(world):
    values = [f"heron{n}@example.org" for n in range(105)]
    for who in ("foreign", "investigator"):
        world.hold(who, world.case(who), *values)
    (listed,) = world.overlaps("investigator")

    shown = world.as_("investigator").get(f"/overlaps/{listed['id']}/evidence?limit=200").json["items"]

    assert sorted(item["value"] for item in shown) == sorted(values)
    assert None not in {item["value"] for item in listed["evidence"]}
