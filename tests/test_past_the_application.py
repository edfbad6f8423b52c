"""SQL in the name of one caller, past the application: what the grants and policies keep that the application also refuses."""

from uuid import uuid4

import gathering
import pytest
from answering import office, responsible
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


NAMED = """
    insert into case_access (id, version, case_id, owner_id, authority_id, level, kind, reason, granted_at)
    values (:id, 1, :case, :owner, :authority, :level, 'responsible', 'x', now()) returning 1"""


def test_no_authority_is_made_responsible_without_its_consent_or_outside_its_state(world):
    home, case = office(world), world.case("investigator")
    abroad = office(world, "abroad", country="FR")

    def grant(level, authority):
        asked = {"id": str(uuid4()), "case": case, "owner": world.authorities["nl"], "authority": authority, "level": level}
        return asked["id"], run(world, "investigator", NAMED, **asked)

    assert grant(3, home)[1] == REFUSED
    assert grant(1, abroad)[1] == REFUSED
    id_, done = grant(1, home)
    assert done == [(1,)]
    for who in ("investigator", "officer"):
        assert run(world, who, "update case_access set level = 3 where id = :id returning 1", id=id_) == REFUSED
        assert run(world, who, "update case_access set kind = 'access' where id = :id returning 1", id=id_) == REFUSED
    accept = "select priv.answer_responsibility(:id, 1, true, null, '')"
    for who in ("investigator", "prosecutor", "abroad", "desk"):
        assert run(world, who, accept, id=id_) == REFUSED
    tell = "select priv.tell_responsible(:id, 'case.responsible_accepted', '')"
    for who in ("abroad", "investigator", "officer"):  # nobody has accepted yet
        assert run(world, who, tell, id=id_) == REFUSED
    assert run(world, "officer", accept, id=id_) == [(True,)]
    assert run(world, "officer", accept, id=id_) == [(False,)]


def test_who_contributes_and_does_not_answer_for_a_case_neither_decides_nor_shares(world, met):
    asked, _ = ask(world, met)
    body = {"authority_id": str(world.authorities["ro"]), "level": "contribute", "reason": "together"}
    assert world.as_("investigator").post(f"/cases/{met['theirs']}/access", body).status_code == 201
    share = """insert into shared_cases (id, version, object_id, case_id, owner_id, level, shared_by, shared_at, sharer_id)
        values (gen_random_uuid(), 1, :object, :case, :owner, 2, priv.principal(), now(), priv.authority()) returning 1"""
    meeting = gathering.proposed(world)
    about = {"object": meeting, "case": met["theirs"], "owner": world.authorities["nl"]}
    decide = "update disclosures set state = 'awaiting_judicial_authorisation' where id = :id returning 1"
    assert run(world, "prosecutor_ro", decide, id=asked) == []
    assert run(world, "prosecutor_ro", share, **about) == REFUSED
    assert run(world, "prosecutor_ro", GIVE, disclosure=asked, identifier=met["secret"]) == REFUSED

    responsible(world, met["theirs"], office(world))
    assert run(world, "officer", decide, id=asked) == [(1,)]
    assert run(world, "officer", share, **about) == REFUSED  # it takes no part in the meeting


def test_whom_to_consult_is_told_only_of_cases_and_overlaps_that_the_caller_sees(world, met):
    home = office(world)
    responsible(world, met["theirs"], home)
    asked = "select cast(priv.whom_to_consult(:case, :overlap) as text)"
    assert run(world, "foreign", asked, case=met["theirs"], overlap=met["overlap"]) == [(home,)]
    assert run(world, "foreign", asked, case=met["theirs"], overlap=None) == [(None,)]
    assert run(world, "romanian", asked, case=met["theirs"], overlap=met["overlap"]) == [(None,)]
    shown = "select k from priv.shown_cases(array [cast(:case as uuid)]), jsonb_object_keys(responsible) k"
    for who, state in (("foreign", []), ("romanian", []), ("desk", [("accepted",)]), ("investigator", [("accepted",)])):
        assert run(world, who, shown, case=met["theirs"]) == state


EXPORT = """
    insert into exports (id, version, authority_id, principal_id, role, purpose, case_id, also_case_ids, timeline, format, format_version,
        recipient_id, handling_code, victims, cleared, four_eyes, words, state, stage, created_at)
    values (:id, 1, priv.authority(), priv.principal(), priv.role(), 'x', :case, cast(:others as uuid[]), cast(:timeline as jsonb), 'x', '1',
        :recipient, 'H0', :victims, priv.cleared(), false, 'x', 'queued', 'entries', priv.at()) returning 1"""


def export(world, who, case, others=(), **changed):
    said = {"id": str(uuid4()), "case": case, "others": list(others), "timeline": "{}", "victims": False,
            "recipient": world.authorities["nl"]}  # fmt: skip
    return run(world, who, EXPORT, **{**said, **changed})


def test_an_export_of_several_cases_needs_each_of_them(world):
    mine, second, theirs = world.case("investigator"), world.case("investigator"), world.case("foreign")
    hidden = world.case("investigator", visibility="hidden")
    away = {"recipient": world.authorities["ro"]}
    assert export(world, "investigator", mine, [second, hidden]) == [(1,)]
    assert export(world, "investigator", mine, [second], **away) == [(1,)]
    assert export(world, "investigator", mine, [second, theirs]) == REFUSED
    assert export(world, "investigator", mine, [second, hidden], **away) == REFUSED
    grant = {"authority_id": str(world.authorities["nl"]), "level": "read", "reason": "the same group"}
    assert world.as_("foreign").post(f"/cases/{theirs}/access", grant).status_code == 201
    assert export(world, "investigator", mine, [second, theirs]) == [(1,)]
    assert export(world, "investigator", mine, [second, theirs], **away) == REFUSED


def test_an_analyst_exports_timelines_for_the_own_authority_only(world):
    case = world.case("investigator")
    assert export(world, "analyst", case) == [(1,)]
    assert export(world, "analyst", case, timeline=None) == REFUSED
    assert export(world, "analyst", case, recipient=world.authorities["ro"]) == REFUSED
    assert export(world, "analyst", case, victims=True) == REFUSED
