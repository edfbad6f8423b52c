"""How the API behaves towards everybody: problems, versions, keys, pages, limits, headers."""

import gzip
import inspect
import json
import threading
from datetime import UTC, datetime
from typing import get_args, get_type_hints
from uuid import uuid4

import pytest

from coopapi.app import specification
from coopapi.http import gateway, problems
from coopapi.http.middleware import ENDING
from coopapi.store.rows import Versioned


def create(world, reference="NL-1", **headers):
    return world.as_("investigator").post("/cases", {"reference": reference, "title": "T"}, **headers)


def test_hidden_and_absent_are_alike_byte_for_byte(world):
    hidden = world.case("foreign")
    answers = []
    for case in (hidden, uuid4()):
        for path in ("", "/identifiers", "/overlaps", "/timeline", "/subjects", "/access", "/transitions", "/consultations"):
            answer = world.as_("investigator").get(f"/cases/{case}{path}", X_Request_Id="same")
            answers.append((path, answer.status_code, answer.data, sorted(answer.headers.items())))

    assert answers[: len(answers) // 2] == answers[len(answers) // 2 :]
    assert {status for _, status, *_ in answers} == {404}


def test_a_change_names_the_version_it_changes(world):
    made = create(world)
    path, etag = f"/cases/{made.json['id']}", made.headers["ETag"]
    someone = world.as_("investigator")

    assert someone.patch(path, {"title": "A"}).status_code == 428
    assert someone.patch(path, {"title": "A"}, If_Match="*").status_code == 400
    assert someone.patch(path, {"title": "A"}, If_Match='"v9"').status_code == 412
    changed = someone.patch(path, {"title": "A"}, If_Match=etag)
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"v2"')
    assert someone.patch(path, {"title": "B"}, If_Match=etag).status_code == 412


def test_the_answer_to_a_change_names_the_version_it_made(world):
    ours = f"/authorities/{world.authorities['nl']}"
    for path, change in {
        ours: {"languages": ["nl"]},
        f"{ours}/people/{world.people['analyst']}": {"name": "Owl"},
    }.items():
        me = world.as_("admin")
        changed = me.patch(path, change, If_Match=me.get(path).headers["ETag"])
        assert changed.headers["ETag"] == f'"{changed.json["etag"]}"' == f'"{me.get(path).json["etag"]}"' == '"v2"'


def test_no_update_is_lost_when_many_write_at_once(world):
    path = f"/cases/{create(world).json['id']}"
    won = []

    def write():
        for _ in range(20):
            etag = world.as_("investigator").get(path).headers["ETag"]
            answer = world.as_("investigator").patch(path, {"title": uuid4().hex}, If_Match=etag)
            assert answer.status_code in (200, 412)
            won.append(answer.status_code == 200)

    threads = [threading.Thread(target=write) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert world.as_("investigator").get(path).headers["ETag"].startswith(f'"v{1 + sum(won)}-')


def test_an_operation_that_will_be_removed_says_so_in_each_answer(world, monkeypatch):
    since, until = datetime(2026, 12, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
    monkeypatch.setitem(ENDING, "list_cases", (since, until))
    headers = world.as_("investigator").get("/cases").headers
    assert (headers["Deprecation"], headers["Sunset"]) == ("@1796083200", "Sat, 01 Jan 2028 00:00:00 GMT")
    assert "Sunset" not in world.as_("investigator").get("/overlaps").headers
    assert specification()["paths"]["/api/v1/cases"]["get"]["deprecated"] is True


def test_only_the_api_document_is_compressed(world, app):
    case = world.case("investigator")
    plain = app.test_client().get("/openapi.json")
    packed = app.test_client().get("/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert (plain.headers.get("Content-Encoding"), packed.headers["Content-Encoding"]) == (None, "gzip")
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 5
    for path in ("/cases", f"/cases/{case}", "/events", "/me"):
        assert "Content-Encoding" not in world.as_("investigator").get(path, Accept_Encoding="gzip, br").headers


def test_what_has_not_changed_is_not_sent_again(world):
    path = f"/cases/{create(world).json['id']}"
    tag = world.as_("investigator").get(path).headers["ETag"]
    again = world.as_("investigator").get(path, If_None_Match=tag)
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert world.as_("investigator").patch(path, {"title": "New"}, If_Match=tag).status_code == 200
    assert world.as_("investigator").get(path, If_None_Match=tag).status_code == 200


SHIPPED = ("/codelists", "/codelists/identifier_kinds", "/instruments", "/instruments/eio", "/instruments?country=RO", "/deadline-rules",
           "/providers", "/mous", "/authorities")  # fmt: skip


@pytest.mark.parametrize("path", SHIPPED)
def test_what_the_register_ships_is_sent_again_only_if_it_has_changed(world, path):
    me = world.as_("investigator")
    first = me.get(path)
    again = me.get(path, If_None_Match=first.headers["ETag"])
    assert (first.status_code, again.status_code, again.data, again.headers["ETag"]) == (200, 304, b"", first.headers["ETag"])
    assert me.get(path, If_None_Match='"0123456789abcdef"').data == first.data


def test_a_list_is_sent_again_when_something_came(world):
    me = world.as_("investigator")
    tag = me.get("/cases").headers["ETag"]
    assert me.get("/cases", If_None_Match=tag).status_code == 304
    create(world)
    assert me.get("/cases", If_None_Match=tag).json["items"]


def test_a_list_with_a_next_page_is_sent_again_when_something_came_or_on_another_day(world, clock):
    me = world.as_("investigator")
    for _ in range(3):
        world.case("investigator")
    first = me.get("/cases?limit=2")
    tag = first.headers["ETag"]
    again = me.get("/cases?limit=2", If_None_Match=tag)
    assert (first.json["next"] is not None, again.status_code, again.data) == (True, 304, b"")
    assert me.get(f"/cases?limit=2&cursor={first.json['next']}").headers["ETag"] != tag
    clock.forward(days=1)
    me = world.as_("investigator")
    assert me.get("/cases?limit=2", If_None_Match=tag).json["next"] != first.json["next"]
    tag = me.get("/cases?limit=2").headers["ETag"]
    world.case("investigator")
    assert me.get("/cases?limit=2", If_None_Match=tag).status_code == 200


@pytest.mark.parametrize("known", [True, False])
def test_a_response_has_one_date(known):
    said = [("ETag", '"v1"'), *([("Date", "Sun, 06 Nov 1994 08:49:37 GMT")] if known else [])]
    assert gateway.written("200 OK", said, b"", None).count(b"\r\nDate: ") == 1


def test_a_request_sent_twice_has_its_effect_once(world):
    first, second = (create(world, Idempotency_Key="k1") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json == second.json
    other = create(world, "NL-2", Idempotency_Key="k1")
    assert (other.status_code, other.json["type"]) == (422, "/problems/key-reused")


def test_an_overlap_is_taken_once_under_one_key(world):
    for who in ("investigator", "foreign"):
        world.hold(who, world.case(who), "heron@example.org")
    (overlap,) = world.overlaps("investigator")
    answers = [
        world.as_("investigator").post(
            f"/overlaps/{overlap['id']}/transitions", {"event": "take"}, If_Match='"v1"', Idempotency_Key="k9"
        )
        for _ in range(2)
    ]
    assert [(a.status_code, a.json["id"], a.json["state"]) for a in answers] == [(200, overlap["id"], "under_verification")] * 2


def test_whatever_is_made_under_a_key_is_a_row_that_can_be_shown_again(app):
    posts = [rule.endpoint for rule in app.url_map.iter_rules() if "POST" in rule.methods and rule.endpoint != "oauth.issue_token"]
    made = {name: get_type_hints(inspect.unwrap(app.view_functions[name]))["return"] for name in posts}
    for reads in ("identifiers.extract_identifiers", "mla.plan_request", "search.search_identifiers"):
        del made[reads]  # it makes nothing
    del made["worklist.take_worklist_steps"]  # each of its steps has a key of its own
    for several in ("identifiers.register_identifiers", "facts.record_facts"):
        made[several] = get_args(made[several])[0]  # the other is a list of outcomes
    rows = {name: (get_args(kind) or [kind])[0] for name, kind in made.items()}
    assert len(rows) > 50
    assert {name for name, kind in rows.items() if not issubclass(kind, Versioned)} == set()


def test_eight_copies_at_once_make_one_case(world):
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(create(world, Idempotency_Key="k8"))) for _ in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == 1


def test_a_replay_shows_only_what_the_caller_may_see_now(world, owner):
    made = create(world, Idempotency_Key="k2")
    with owner.cursor() as cursor:
        cursor.execute(
            "update case_access set withdrawn_at = now(), withdrawal_reason = 'x' where case_id = %s", (made.json["id"],)
        )
    assert create(world, Idempotency_Key="k2").status_code == 404


def test_the_same_reference_twice_names_the_case_that_is_there(world):
    made = create(world)
    again = create(world)
    assert (again.status_code, again.json["existing"]) == (409, f"/api/v1/cases/{made.json['id']}")
    assert world.as_("foreign").post("/cases", {"reference": "NL-1", "title": "T"}).status_code == 201


def test_lists_come_in_pages_that_miss_nothing(world):
    made = {create(world, f"NL-{n}").json["id"] for n in range(7)}
    seen, path = [], "/cases?limit=3"
    while path:
        answer = world.as_("investigator").get(path)
        seen += [case["id"] for case in answer.json["items"]]
        path = answer.headers["Link"].split(">")[0][1:] if answer.json["next"] else None
    assert len(seen) == len(set(seen)) == 7
    assert set(seen) == made


def test_the_link_to_the_next_page_repeats_the_question(world):
    for n in range(3):
        create(world, f"NL-{n}")
    answer = world.as_("investigator").get("/cases?limit=1&state=registered")
    link = answer.headers["Link"]
    assert "state=registered" in link
    assert "limit=1" in link
    following = world.as_("investigator").get(link.split(">")[0][1:])
    assert len(following.json["items"]) == 1
    assert following.json["items"] != answer.json["items"]


def test_a_cursor_fits_only_its_caller_and_its_question(world):
    for n in range(3):
        create(world, f"NL-{n}")
    cursor = world.as_("investigator").get("/cases?limit=1").json["next"]
    assert world.as_("investigator").get(f"/cases?limit=2&cursor={cursor}").status_code == 200
    assert world.as_("prosecutor").get(f"/cases?cursor={cursor}").status_code == 400
    assert world.as_("investigator").get(f"/cases?state=open&cursor={cursor}").status_code == 400
    assert world.as_("investigator").get(f"/overlaps?cursor={cursor}").status_code == 400
    for position in range(0, len(cursor), 7):
        bent = cursor[:position] + ("A" if cursor[position] != "A" else "B") + cursor[position + 1 :]
        assert world.as_("investigator").get(f"/cases?cursor={bent}").status_code == 400
    world.clock.forward(days=8)
    assert world.as_("investigator").get(f"/cases?cursor={cursor}").status_code == 400


HOSTILE = {
    "nul": b'{"reference":"a\\u0000","title":"t"}',
    "lone surrogate": b'{"reference":"\\ud800","title":"t"}',
    "5000 digits": b'{"reference":"a","title":' + b"9" * 5000 + b"}",
    "nan": b'{"reference":"a","title":NaN}',
    "nesting": b'{"reference":"a","title":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "duplicate key": b'{"reference":"a","reference":"b","title":"t"}',
    "bom": b'\xef\xbb\xbf{"reference":"a","title":"t"}',
    "not utf-8": b'{"reference":"\xff","title":"t"}',
    "utf-16": '{"reference":"a","title":"t"}'.encode("utf-16"),
    "empty": b"",
    "array": b"[]",
    "null": b"null",
    "string": b'"x"',
    "half": b'{"reference":',
    "unknown field": b'{"reference":"a","title":"t","authority_id":"x"}',
    "id": b'{"reference":"a","title":"t","id":"0190b3b0-0000-7000-8000-000000000000"}',
    "empty text": b'{"reference":"","title":"t"}',
    "spaces": b'{"reference":"   ","title":"t"}',
    "number for text": b'{"reference":1,"title":"t"}',
    "text for list": b'{"reference":"a","title":"t","countries":"NL"}',
    "unknown code": b'{"reference":"a","title":"t","countries":["XX"]}',
    "twice": b'{"reference":"a","title":"t","countries":["NL","NL"]}',
    "long": b'{"reference":"' + b"a" * 300 + b'","title":"t"}',
    "null for text": b'{"reference":null,"title":"t"}',
    "no such handler": b'{"reference":"a","title":"t","handler_id":"0190b3b0-0000-7000-8000-000000000000"}',
    "own by grant": b'{"reference":"a","title":"t","access":[{"authority_id":"0190b3b0-0000-7000-8000-000000000000","level":"own","reason":"x"}]}',
    "access to nobody": b'{"reference":"a","title":"t","access":[{"authority_id":"0190b3b0-0000-7000-8000-000000000000","level":"read","reason":"x"}]}',
    "naive time": b'{"reference":"a","title":"t","access":[{"authority_id":"0190b3b0-0000-7000-8000-000000000000","level":"read","reason":"x","until":"2026-01-01T00:00:00"}]}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_bad_input_is_a_clear_problem_and_never_a_500(world, name):
    caller = world.as_("investigator")
    headers = {"Authorization": f"Bearer {caller.token}", "Content-Type": "application/json"}

    answer = caller.client.post("/api/v1/cases", data=HOSTILE[name], headers=headers)

    assert answer.status_code in (400, 422), answer.data
    assert answer.content_type == problems.MEDIA_TYPE
    assert json.loads(answer.data).keys() >= {"type", "title", "status"}


@pytest.mark.parametrize(
    "path",
    [
        "/cases?q=%00",
        "/cases?limit=%FF",
        "/cases?limit=-1",
        "/cases?limit=201",
        "/cases?limit=99999999999999999999",
        "/cases?limit=%EF%BC%95",
        "/cases?nonsense=1",
        "/cases?cursor=x",
        "/cases?authority_id=x",
        "/overlaps?strength=huge",
        "/cases?limit=1.5",
    ],
)
def test_a_bad_query_is_refused(world, path):
    answer = world.as_("investigator").get(path)
    assert answer.status_code in (400, 422)
    assert answer.content_type == problems.MEDIA_TYPE


def test_faults_point_to_their_fields(world):
    answer = world.as_("investigator").post("/cases", {"title": "", "colour": "red"})
    assert {fault["pointer"] for fault in answer.json["errors"]} == {"/reference", "/title", "/colour"}
    assert {fault["in"] for fault in answer.json["errors"]} == {"body"}


def test_only_json_as_it_is_comes_in(world):
    caller = world.as_("investigator")
    headers = {"Authorization": f"Bearer {caller.token}"}
    for kind, encoding in (("text/plain", None), ("image/png", None), ("multipart/form-data", None), ("application/json", "gzip")):
        more = {"Content-Type": kind, **({"Content-Encoding": encoding} if encoding else {})}
        assert caller.client.post("/api/v1/cases", data=b"{}", headers={**headers, **more}).status_code == 415
    too_large = caller.client.post("/api/v1/cases", data=b" " * 4_000_001, headers={**headers, "Content-Type": "application/json"})
    assert (too_large.status_code, too_large.content_type) == (413, problems.MEDIA_TYPE)


def test_every_answer_bears_the_security_headers(world):
    for path in ("/me", "/cases", "/nowhere", f"/cases/{uuid4()}"):
        answer = world.as_("investigator").get(path)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Strict-Transport-Security"]
        assert answer.headers["X-Request-Id"]


def test_a_request_id_is_kept_if_it_is_one(world):
    assert world.as_("investigator").get("/me", X_Request_Id="req-1").headers["X-Request-Id"] == "req-1"
    assert world.as_("investigator").get("/me", X_Request_Id="a b<>").headers["X-Request-Id"] != "a b<>"


def test_an_unused_method_says_which_are_used(world):
    answer = world.as_("investigator").send("DELETE", "/cases")
    assert (answer.status_code, answer.content_type) == (405, problems.MEDIA_TYPE)
    assert "GET" in answer.headers["Allow"]


def test_an_accident_is_a_500_that_says_nothing(world, monkeypatch, caplog):
    def explode(*_args, **_kwargs):
        raise RuntimeError("the secret is heron@example.org")

    monkeypatch.setattr("coopapi.directory.service.show_codelist", explode)
    answer = world.as_("investigator").get("/codelists/countries")
    assert answer.status_code == 500
    assert b"heron" not in answer.data
    assert "heron" not in caplog.text
    assert [r.place for r in caplog.records if r.getMessage() == "accident"][0].startswith("tests.test_manners")


def test_the_purpose_of_a_consultation_is_a_code(world):
    case = world.case("investigator")
    assert world.as_("investigator").get(f"/cases/{case}", Coopapi_Purpose="curiosity").status_code == 400
    assert world.as_("investigator").get(f"/cases/{case}", Coopapi_Purpose="cross_check").status_code == 200
    seen = world.as_("investigator").get(f"/cases/{case}/consultations").json["items"]
    assert [entry["purpose"] for entry in seen if entry["action"] == "case.consulted"] == ["cross_check"]


@pytest.mark.parametrize(("name", "value"), [("port", 0), ("port", 65536), ("quality", 101), ("quality", -1)])
def test_numbers_of_a_context_are_bounded(world, name, value):
    item = {"kind": "ip", "value": "8.8.77.66", "context": {name: value}}
    case = world.case("investigator")
    refused = world.as_("investigator").post(f"/cases/{case}/identifiers", {"identifiers": [item]})
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, f"/identifiers/0/context/{name}")


def test_an_answer_is_json_in_utf_8(world):
    made = world.as_("investigator").post("/cases", {"reference": "UA-1", "title": "Операція «Чапля» 🪶"})
    assert made.status_code == 201
    assert "Операція «Чапля» 🪶".encode() in made.data
    assert made.json["title"] == "Операція «Чапля» 🪶"
    assert made.headers["Content-Type"] == "application/json"


def test_a_number_that_orjson_refuses_is_answered(app):
    with app.test_request_context():
        answer = app.json.response({"number": 10**25, "text": "Чапля"})
    assert answer.get_json() == {"number": 10**25, "text": "Чапля"}
