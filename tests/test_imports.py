"""Bulk intake: files of cases, subjects and identifiers, stored line by line."""

import json


def ndjson(*lines):
    return b"".join((one if isinstance(one, bytes) else json.dumps(one).encode()) + b"\n" for one in lines)


CASE = {"type": "case", "external_id": "C1", "reference": "R-1", "title": "A case"}
SUBJECT = {"type": "subject", "case": "C1", "external_id": "S1", "pseudonym": "P1", "category": "suspect"}
EMAIL = {"type": "identifier", "case": "C1", "external_id": "I1", "kind": "email", "value": "heron@example.org"}
OWNED = {
    "type": "identifier",
    "case": "C1",
    "external_id": "I2",
    "kind": "phone",
    "value": "+31612345678",
    "subjects": [{"external_id": "S1"}],
}
PERSON = {
    "type": "person",
    "case": "C1",
    "external_id": "I3",
    "person": {"names": [{"full": "Night Heron"}], "birth_dates": ["1980-01-01"]},
    "subjects": [{"external_id": "S1"}],
}
FILE = (CASE, SUBJECT, EMAIL, OWNED, PERSON)


def send(world, *lines, who="system", query="", **headers):
    me = world.as_(who)
    body = lines[0] if len(lines) == 1 and isinstance(lines[0], bytes) else ndjson(*lines)
    said = {"Authorization": f"Bearer {me.token}", "Content-Type": "application/x-ndjson"}
    return me.client.post(
        f"/api/v1/imports{query}", data=body, headers={**said, **{n.replace("_", "-"): v for n, v in headers.items()}}
    )


def sent(world, *lines, **more):
    answer = send(world, *lines, **more)
    assert answer.status_code == 202, answer.json
    return answer.json["id"]


def state(world, job, who="system"):
    return world.as_(who).get(f"/imports/{job}").json


def report(world, job, who="system"):
    return world.as_(who).get(f"/imports/{job}/report?limit=1000").json["items"]


def outcomes(world, job):
    return [one["outcome"] for one in report(world, job)]


def test_a_file_of_a_case_is_stored_and_its_overlap_found(world):
    other = world.case("romanian")
    world.hold("romanian", other, "heron@example.org")
    job = sent(world, *FILE)
    told = state(world, job)
    assert (told["state"], told["lines"], told["read"], told["accepted"], told["stored"], told["refused"]) == (
        "finished",
        5,
        5,
        5,
        5,
        0,
    ), report(world, job)
    assert outcomes(world, job) == ["stored"] * 5
    (case,) = world.as_("system").get("/cases?external_id=C1").json["items"]
    found = world.as_("investigator").get(f"/cases/{case['id']}/identifiers").json["items"]
    assert {one["external_id"]: len(one["subjects"]) for one in found} == {"I1": 0, "I2": 1, "I3": 1}
    assert len(world.overlaps("investigator", case["id"])) == 1


def test_a_file_sent_again_changes_nothing(world):
    sent(world, *FILE)
    again = sent(world, *FILE)
    assert outcomes(world, again) == ["unchanged"] * 5
    spaced = [{**dict(reversed(line.items())), "type": line["type"]} for line in FILE]
    assert outcomes(world, sent(world, *spaced)) == ["unchanged"] * 5


def test_other_values_are_an_update_and_withdrawals_withdraw(world):
    sent(world, *FILE)
    changed = (
        {**CASE, "title": "Another title"},
        {**SUBJECT, "category": "victim"},
        {**EMAIL, "value": "owl@example.org"},
        {**OWNED, "source": "a phone book"},
        PERSON,
    )
    assert outcomes(world, sent(world, *changed)) == ["updated"] * 4 + ["unchanged"]
    assert outcomes(world, sent(world, *changed)) == ["unchanged"] * 5
    gone = ({"type": "withdrawal", "of": "identifier", "case": "C1", "external_id": "I1", "reason": "inaccurate"},)
    assert outcomes(world, sent(world, *gone)) == ["withdrawn"]
    assert outcomes(world, sent(world, *gone)) == ["unchanged"]
    assert outcomes(world, sent(world, changed[2], {**EMAIL, "value": "third@example.org"})) == ["unchanged", "refused"]
    (case,) = world.as_("system").get("/cases?external_id=C1").json["items"]
    assert case["title"] == "Another title"
    found = world.as_("investigator").get(f"/cases/{case['id']}/identifiers").json["items"]
    assert {(one["external_id"], one["value"], one["state"]) for one in found} == {
        ("I1", "owl@example.org", "withdrawn"), ("I2", "+31612345678", "registered"), ("I3", "Night Heron", "registered"),
    }  # fmt: skip
    ended = {"type": "withdrawal", "of": "case", "external_id": "C1", "reason": "opened by mistake"}
    assert outcomes(world, sent(world, ended, {**EMAIL, "external_id": "I9", "value": "x@example.org"}, ended)) == [
        "withdrawn",
        "conflict",
        "unchanged",
    ]


def test_what_a_person_made_or_changed_is_a_conflict(world):
    sent(world, *FILE)
    (case,) = world.as_("system").get("/cases?external_id=C1").json["items"]
    me = world.as_("investigator")
    me.patch(f"/cases/{case['id']}", {"title": "A person's title"}, If_Match=f'"{case["etag"]}"')
    (email,) = me.get(f"/cases/{case['id']}/identifiers?external_id=I1").json["items"]
    corrected = me.patch(
        f"/cases/{case['id']}/identifiers/{email['id']}", {"value": "crow@example.org"}, If_Match=f'"{email["etag"]}"'
    )
    assert corrected.status_code == 200
    (subject,) = me.get(f"/cases/{case['id']}/subjects").json["items"]
    me.patch(f"/cases/{case['id']}/subjects/{subject['id']}", {"category": "witness"}, If_Match=f'"{subject["etag"]}"')
    world.hold("investigator", case["id"], "mine@example.org")
    world.case("investigator", "made by a person", external_id="C2")
    job = sent(
        world,
        {**CASE, "title": "Another"},
        {**SUBJECT, "category": "victim"},
        {**EMAIL, "value": "owl@example.org"},
        {**EMAIL, "external_id": "I8", "value": "mine@example.org"},
        {**CASE, "external_id": "C2", "reference": "made by a person"},
        {**CASE, "external_id": "C3", "reference": "made by a person"},
        OWNED,
    )
    assert [(one["outcome"], one["faults"] and one["faults"][0]["rule"]) for one in report(world, job)] == [
        ("conflict", "changed_since"), ("conflict", "changed_since"), ("conflict", "changed_since"), ("conflict", "held_already"),
        ("conflict", "not_imported"), ("conflict", "reference_taken"), ("unchanged", None),
    ]  # fmt: skip
    assert outcomes(world, sent(world, *FILE)) == ["unchanged"] * 5
    assert me.get(f"/cases/{case['id']}").json["title"] == "A person's title"


BAD = {
    "length": (b'{"type": "case", "title": "' + b"x" * 300_000 + b'"}', ""),
    "utf8": (b'{"type": "case", "title": "\xff"}', ""),
    "json": (b'{"type": "case", ', ""),
    "type": (b"[1, 2]", ""),
    "one_of": ({"type": "car", "external_id": "X"}, "/type"),
    "required": ({"type": "case", "external_id": "X", "title": "T"}, "/reference"),
    "unknown_field": ({**CASE, "external_id": "X", "handler_id": "y"}, "/handler_id"),
    "hidden": ({**CASE, "external_id": "X", "reference": "X", "visibility": "hidden"}, "/visibility"),
    "words_only": ({**CASE, "external_id": "X", "reference": "X", "title": "data:image/png;base64,AAAA"}, "/title"),
    "unknown_case": ({**EMAIL, "case": "none"}, "/case"),
    "subject": (
        {**EMAIL, "external_id": "X", "value": "x@example.org", "subjects": [{"external_id": "none"}]},
        "/subjects/0/external_id",
    ),
    "other_key": ({**EMAIL, "external_id": "X"}, "/external_id"),
    "other_kind": ({**EMAIL, "kind": "domain", "value": "example.org"}, "/kind"),
    "held_already": ({**EMAIL, "external_id": "I4"}, "/value"),
    "fixed": ({**CASE, "reference": "other"}, "/reference"),
    "unknown": ({"type": "withdrawal", "of": "case", "external_id": "none", "reason": "R"}, "/external_id"),
    "codelist": ({"type": "withdrawal", "of": "identifier", "case": "C1", "external_id": "I1", "reason": "so"}, "/reason"),
}


def test_each_bad_line_is_reported_with_its_rule_and_pointer_and_the_others_are_kept(world):
    sent(world, *FILE, {**EMAIL, "external_id": "I4", "value": "fourth@example.org"})
    job = sent(world, ndjson(*(line for line, _ in BAD.values()), {**EMAIL, "external_id": "I5", "value": "good@example.org"}))
    told = report(world, job)
    assert [(one["line"], one["faults"] and [(f["rule"], f["pointer"]) for f in one["faults"]]) for one in told] == [
        *((number, [(rule, pointer)]) for number, (rule, (_, pointer)) in enumerate(BAD.items(), 1)), (len(BAD) + 1, None),
    ]  # fmt: skip
    assert (told[-1]["outcome"], {one["outcome"] for one in told[:-1]}) == ("stored", {"refused"})
    assert "example.org" not in json.dumps(told)
