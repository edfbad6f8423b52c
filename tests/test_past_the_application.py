"""SQL in the name of one caller, past the application: what the grants and policies keep that the application also refuses."""

from uuid import uuid4

import pytest
from test_definer_rights import record, run
from test_handling import HERON, OWL

REFUSED = "42501"
ASK = """
    insert into disclosures (id, version, overlap_id, asking_case, asking_authority, owner_case, owner_authority, state, purpose, offence,
        items_asked, urgency, asked_by, asked_at, due_at, victims_only)
    select :id, 1, :overlap, :asking, (select authority_id from cases where id = :asking), :owner, :owner_authority, :state, 'x', 'x',
        '{}', 'ordinary', priv.principal(), now(), now(), false returning 1"""
GIVE = "insert into disclosed_items values (gen_random_uuid(), :disclosure, :identifier, false, 'H0', '') returning 1"


@pytest.fixture
def met(world):
    """A French case and a Dutch one that share a value, and the French one's overlap."""
    ours, theirs = world.case("foreign"), world.case("investigator")
    (mine,) = world.hold("foreign", ours, HERON)
    (secret,) = world.hold("investigator", theirs, HERON)
    (overlap,) = world.overlaps("foreign", ours)
    return {"ours": ours, "theirs": theirs, "mine": mine, "secret": secret, "overlap": overlap["id"]}


def ask(world, met, **changed):
    asked = {"id": str(uuid4()), "overlap": met["overlap"], "asking": met["ours"], "owner": met["theirs"],
             "owner_authority": world.authorities["nl"], "state": "requested"}  # fmt: skip
    asked |= changed
    return asked["id"], run(world, "foreign", ASK, **asked)


def test_a_disclosure_is_asked_of_the_other_side_of_the_overlap_and_is_not_given_by_asking(world, met):
    """A caller who entered a disclosure of its own case as given, with the value of another case in it, could once read that value."""
    own = {"owner": met["ours"], "owner_authority": world.authorities["fr"]}
    assert ask(world, met, **own)[1] == REFUSED
    assert ask(world, met, state="disclosed_full")[1] == REFUSED
    asked, done = ask(world, met)
    assert done == [(1,)]
    for change in ("owner_case = asking_case", "state = 'disclosed_full'", "victims_only = false", "asked_by = asked_by"):
        assert run(world, "foreign", f"update disclosures set {change} where id = :id returning 1", id=asked) == REFUSED
    assert run(world, "foreign", "update disclosures set state = 'withdrawn' where id = :id returning 1", id=asked) == [(1,)]


def test_an_owner_discloses_what_its_own_case_holds(world, met, owner):
    asked, _ = ask(world, met)
    (other,) = world.hold("romanian", world.case("romanian"), OWL)
    assert run(world, "foreign", GIVE, disclosure=asked, identifier=met["mine"]) == REFUSED
    assert run(world, "investigator", GIVE, disclosure=asked, identifier=other) == REFUSED
    assert run(world, "investigator", GIVE, disclosure=asked, identifier=met["secret"]) == [(1,)]
    with owner.cursor() as cursor:
        cursor.execute(GIVE.replace(":disclosure", "%s").replace(":identifier", "%s"), (asked, other))
        cursor.execute("update disclosures set state = 'disclosed_full' where id = %s", (asked,))
    opened = run(world, "foreign", "select cast(identifier_id as text) from priv.disclosed(:id)", id=asked)
    assert opened == [(met["secret"],)]


def test_what_was_disclosed_is_for_the_cleared_alone_once_its_subject_is_a_victim(world):
    theirs, ours = world.case("investigator"), world.case("foreign")
    subject = world.subject("investigator", theirs)
    (identifier,) = world.hold("investigator", theirs, HERON, subject_id=subject)
    world.hold("foreign", ours, HERON)
    asked = world.asked("foreign", ours)["id"]
    given = {"event": "disclose", "items": [{"identifier_id": identifier}]}
    assert world.as_("prosecutor").post(f"/disclosures/{asked}/transitions", given, If_Match='"v1"').status_code == 200
    reads = lambda who: [item["value"] for item in world.as_(who).get(f"/disclosures/{asked}").json["items"]]  # noqa: E731
    assert (reads("foreign"), reads("uncleared")) == ([HERON], [HERON])

    me, path = world.as_("investigator"), f"/cases/{theirs}/subjects/{subject}"
    changed = me.patch(path, {"category": "victim"}, If_Match=me.get(path).headers["ETag"])

    assert changed.status_code == 200, changed.json
    assert (reads("foreign"), reads("uncleared")) == ([HERON], [None])


def test_nobody_excludes_for_everybody_but_the_operator(world, owner):
    """One's own exclusion, changed to hold everywhere, once withdrew every overlap of the register."""
    made = world.as_("prosecutor_fr").post("/exclusions", {"kind": "email", "reason": "shared machines"})
    for column in ("everywhere = true", "kind = 'person'", "until = null", "authority_id = authority_id", "lapsed_at = null"):
        change = f"update exclusions set {column} where id = :id returning 1"
        assert run(world, "foreign", change, id=made.json["id"]) == REFUSED
    with owner.cursor() as cursor:
        cursor.execute("update exclusions set everywhere = true")
    withdraw = "update exclusions set withdrawn_at = priv.at(), withdrawn_by = priv.principal() where id = :id returning 1"
    assert run(world, "foreign", withdraw, id=made.json["id"]) == REFUSED


GRANT = """
    insert into case_access (id, version, case_id, owner_id, authority_id, level, reason, granted_at)
    values (gen_random_uuid(), 1, :case, :nl, :nl, 4, 'x', now()) returning 1"""


def test_an_account_that_was_kept_out_of_a_case_of_its_authority_lets_itself_in_by_no_statement(world, owner):
    case = world.case("investigator")
    with owner.cursor() as cursor:
        cursor.execute(
            "update case_access set principal_id = %s where case_id = %s and level = 4", (world.people["investigator"], case)
        )

    for who in ("admin", "auditor", "colleague"):
        assert run(world, who, GRANT, case=case, nl=world.authorities["nl"]) == REFUSED
        again = "update case_access set withdrawn_at = null, withdrawal_reason = null where case_id = :case returning 1"
        assert run(world, who, again, case=case) == []
    assert run(world, "investigator", GRANT, case=case, nl=world.authorities["nl"]) == [(1,)]
    for column in ("level = 4", "until = null", "principal_id = null", "authority_id = authority_id"):
        assert run(world, "investigator", f"update case_access set {column} where case_id = :case", case=case) == REFUSED


def test_a_case_is_changed_by_those_who_own_it_and_its_visibility_by_matching_alone(world):
    case = world.case("investigator")
    given = {"authority_id": str(world.authorities["fr"]), "level": "contribute", "reason": "joint"}
    assert world.as_("investigator").post(f"/cases/{case}/access", given).status_code == 201
    for change in ("title = 'x'", "state = 'withdrawn', state_reason = 'x'", "handling_code = 'H3'"):
        assert run(world, "foreign", f"update cases set {change} where id = :case", case=case) == REFUSED
    assert run(world, "foreign", "select 1 from cases where id = :case for no key update", case=case) == [(1,)]
    for change in ("visibility = 'hidden'", "reference = 'x'", "authority_id = authority_id"):
        assert run(world, "investigator", f"update cases set {change} where id = :case", case=case) == REFUSED
    relabel = "select * from priv.relabel(:case, null, null, 'open_index')"
    assert run(world, "foreign", relabel, case=case) == REFUSED
    assert run(world, "investigator", relabel, case=case) == [("",)]


def test_an_overlap_is_judged_in_ones_own_name(world, met):
    assert world.take("foreign", met["overlap"]).status_code == 200
    other = world.people["uncleared"]
    judge = "update overlap_sides set state = :state, verifier_id = :verifier, decided_by = :by where case_id = :case returning 1"
    me, case = world.people["foreign"], met["ours"]
    assert run(world, "foreign", judge, state="confirmed", verifier=me, by=other, case=case) == REFUSED
    assert run(world, "foreign", judge, state="confirmed", verifier=other, by=me, case=case) == REFUSED
    assert run(world, "foreign", judge, state="confirmed", verifier=me, by=me, case=case) == [(1,)]


def test_the_journal_shows_nobody_more_by_sql_than_over_http(world):
    """Every role but the administrator's once read all entries of its authority that belong to no case."""
    case, there = world.case("investigator"), world.case("foreign")
    person = {"kind": "person", "person": {"names": [{"full": "Oleksandr Myronenko"}], "birth_dates": ["1984-05-17"]}}
    for who, held in (("foreign", there), ("investigator", case)):
        item = {**person, "subjects": [{"id": world.subject(who, held)}]}
        assert world.as_(who).post(f"/cases/{held}/identifiers", {"identifiers": [item]}).status_code == 201
    read = "select action from journal_entries where action in ('identifiers.compared', 'account.entered') limit 1"
    assert run(world, "auditor", read) == [("identifiers.compared",)]
    for who in ("investigator", "colleague", "admin", "analyst"):
        assert run(world, who, read) == []
        assert run(world, who, "select 1 from journal_entries where case_id is null and object_type <> 'alarm'") == []


@pytest.mark.parametrize("kind", ["alarm", "audit"])
def test_the_application_enters_nothing_of_the_types_that_only_the_register_writes(world, kind):
    assert record(world, "investigator", "case.consulted", object_type=kind) == REFUSED
