"""Facts about victims are for the cleared: read, written, named in events, found by a key, and hidden as soon as a subject is a victim."""

from uuid import uuid4

import pytest
from recording import SAID, correct, events, facts, history, made, read, record, relabel, withdraw
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from world import ISSUER

from coopapi.auth.authentication import actor_of

CLEARED, UNCLEARED = "investigator", "colleague"


@pytest.fixture
def case(world):
    return world.case(CLEARED)


def seen(world, case, fact):
    """Which traces of a fact an uncleared colleague finds."""
    me = world.as_(UNCLEARED)
    at = f"/cases/{case}/facts/{fact['id']}"
    pages = [f"/cases/{case}/{part}" for part in ("facts", "timeline", "consultations")] + [f"/events?case_id={case}&limit=200"]
    found = [page for page in pages if fact["id"] in me.get(page).text]
    return found + [path for path in (at, f"{at}/history", f"{at}/transitions") if me.get(path).status_code != 404]


@pytest.mark.parametrize("said", ["about_victim", "subject"])
def test_a_victims_fact_leaves_no_trace_for_the_uncleared(world, case, said):
    victim = world.subject(CLEARED, case, "victim")
    about = {"about_victim": True} if said == "about_victim" else {"subjects": [{"id": victim}]}
    (fact,) = record(world, CLEARED, case, {**SAID, **about, "external_id": "F1"})
    assert (fact["victims"], fact["about_victim"]) == (True, said == "about_victim")
    read(world, CLEARED, fact)
    correct(world, CLEARED, fact, text="He did it twice.")
    assert len(events(world, CLEARED, case)) == 2
    withdrawn = record(world, CLEARED, case, {**SAID, **about})[0]
    withdraw(world, CLEARED, withdrawn)
    assert seen(world, case, fact) == seen(world, case, withdrawn) == []
    for query in ("", f"?subject_id={victim}", "?external_id=F1", "?state=withdrawn"):
        assert facts(world, UNCLEARED, case, query) == []
    at = f"/cases/{case}/facts/{fact['id']}"
    assert world.as_(UNCLEARED).patch(at, {"kind": "call"}, If_Match='"v2"').status_code == 404
    absent = f"/cases/{case}/facts/00000000-0000-4000-8000-000000000000"
    assert world.as_(UNCLEARED).get(at).data == world.as_(UNCLEARED).get(absent).data


def test_the_uncleared_record_nothing_about_victims(world, case):
    suspect, victim = world.subject(UNCLEARED, case), world.subject(UNCLEARED, case, "victim")
    for about, pointer in (
        ({"about_victim": True}, "/about_victim"),
        ({"subjects": [{"id": suspect}, {"id": victim}]}, "/subjects/1/id"),
    ):
        problem = record(world, UNCLEARED, case, {**SAID, **about}, status=422)
        assert [(one["pointer"], one["rule"]) for one in problem["errors"]] == [(f"/facts/0{pointer}", "clearance")]
        (fact,) = record(world, UNCLEARED, case, SAID)
        problem = correct(world, UNCLEARED, fact, 422, **about)
        assert [(one["pointer"], one["rule"]) for one in problem["errors"]] == [(pointer, "clearance")]


def test_a_fact_is_hidden_with_the_commit_that_makes_its_subject_a_victim(world, case):
    subject = world.subject(UNCLEARED, case)
    (fact,) = record(world, UNCLEARED, case, {**SAID, "subjects": [{"id": subject}]})
    correct(world, UNCLEARED, fact, text="He paid twice.")
    read(world, UNCLEARED, fact)
    assert len(seen(world, case, fact)) == 7
    relabel(world, UNCLEARED, case, subject, "victim")
    assert seen(world, case, fact) == []
    assert read(world, CLEARED, fact)["victims"]
    assert len(history(world, CLEARED, fact)) == 1
    assert len(events(world, CLEARED, case)) == 2
    relabel(world, CLEARED, case, subject, "witness")
    assert len(seen(world, case, fact)) == 7
    assert not read(world, UNCLEARED, fact)["victims"]


def test_what_is_said_to_be_about_a_victim_stays_so(world, case):
    subject = world.subject(CLEARED, case, "victim")
    (fact,) = record(world, CLEARED, case, {**SAID, "about_victim": True, "subjects": [{"id": subject}]})
    relabel(world, CLEARED, case, subject, "witness")
    assert seen(world, case, fact) == []
    problem = correct(world, CLEARED, fact, 422, about_victim=False)
    assert [(one["pointer"], one["rule"]) for one in problem["errors"]] == [("/about_victim", "stays_hidden")]
    withdraw(world, CLEARED, fact)
    (anew,) = record(world, CLEARED, case, {**SAID, "subjects": [{"id": subject}]})
    assert seen(world, case, fact) == []
    assert (anew["etag"], history(world, UNCLEARED, anew)) == ("v1", []), "nothing tells of the fact that was withdrawn"


@pytest.mark.parametrize("said", ["about_victim", "subject", "identifier"])
def test_no_correction_shows_a_fact_that_was_about_a_victim(world, case, said):
    """Its version and its times would tell that it had been hidden, however it is corrected: by its id, by its key, or by a list."""
    victim = world.subject(CLEARED, case, "victim")
    (hers,) = world.hold(CLEARED, case, "victim@example.org", subject_id=victim)
    about, opened = {
        "about_victim": ({"about_victim": True}, {"about_victim": False}),
        "subject": ({"subjects": [{"id": victim}]}, {"subjects": []}),
        "identifier": ({"identifiers": [{"id": hers}]}, {"identifiers": []}),
    }[said]
    (fact,) = record(world, CLEARED, case, {**SAID, **about, "external_id": "F1"})
    problem = correct(world, CLEARED, fact, 422, **opened)
    assert [one["rule"] for one in problem["errors"]] == ["stays_hidden"]
    problem = record(world, CLEARED, case, {**SAID, **opened, "external_id": "F1"}, status=422)
    assert [one["rule"] for one in problem["errors"]] == ["stays_hidden"]
    assert seen(world, case, fact) == []
    assert read(world, CLEARED, fact)["etag"] == "v1"


def test_a_correction_that_names_a_victim_hides_the_fact(world, case):
    suspect, victim = world.subject(CLEARED, case), world.subject(CLEARED, case, "victim")
    (fact,) = record(world, CLEARED, case, {**SAID, "subjects": [{"id": suspect}]})
    correct(world, CLEARED, fact, subjects=[{"id": suspect}, {"id": victim}])
    assert seen(world, case, fact) == []
    correct(world, CLEARED, fact, 422, subjects=[{"id": suspect}])
    assert [one["version"] for one in history(world, CLEARED, fact)] == [1]


def test_the_key_of_a_victims_fact_tells_nothing(world, case):
    subject = world.subject(CLEARED, case, "victim")
    (hidden,) = record(world, CLEARED, case, {**SAID, "external_id": "F1", "subjects": [{"id": subject}]})
    (open_,) = record(world, UNCLEARED, case, {"kind": "call", "external_id": "F1"})
    (other,) = record(world, UNCLEARED, case, {"kind": "call"})
    made(world.as_(UNCLEARED).get(f"/cases/{case}/facts/{open_['id']}"), 200)
    assert correct(world, UNCLEARED, other, 409, external_id="F1")["existing"].endswith(open_["id"])
    (same,) = record(world, CLEARED, case, {**SAID, "external_id": "F1", "subjects": [{"id": subject}]})
    assert same["id"] == hidden["id"]
    correct(world, CLEARED, hidden, 422, subjects=[])
    relabel(world, CLEARED, case, subject, "witness")
    assert read(world, CLEARED, hidden)["external_id"] is None, "the key belongs to the fact that was open"
    assert read(world, UNCLEARED, open_)["external_id"] == "F1"


def link(world, who, case, identifier, *subjects):
    """Make these the subjects of an identifier that somebody sees."""
    path = f"/cases/{case}/identifiers/{identifier}"
    etag = world.as_(who).get(path).json["etag"]
    made(world.as_(who).patch(path, {"subjects": [{"id": one} for one in subjects]}, If_Match=f'"{etag}"'), 200)


def test_a_fact_with_an_identifier_of_a_victim_alone_is_about_a_victim(world, case):
    suspect, victim = world.subject(CLEARED, case), world.subject(CLEARED, case, "victim")
    (hers,) = world.hold(CLEARED, case, "victim@example.org", subject_id=victim)
    (other,) = world.hold(CLEARED, case, "heron@example.org", subject_id=suspect)
    (fact,) = record(world, CLEARED, case, {**SAID, "identifiers": [{"id": hers}, {"id": other}]})
    assert (fact["victims"], fact["about_victim"]) == (True, False)
    assert seen(world, case, fact) == []
    (open_,) = record(world, CLEARED, case, {**SAID, "identifiers": [{"id": other}]})
    assert not open_["victims"]
    correct(world, CLEARED, open_, identifiers=[{"id": hers}])
    assert read(world, CLEARED, open_)["victims"]
    assert seen(world, case, open_) == []


def test_a_fact_follows_the_people_to_whom_its_identifier_belongs(world, case):
    suspect, victim = world.subject(CLEARED, case), world.subject(CLEARED, case, "victim")
    (mail,) = world.hold(CLEARED, case, "heron@example.org", subject_id=suspect)
    (fact,) = record(world, UNCLEARED, case, {**SAID, "identifiers": [{"id": mail}]})
    correct(world, UNCLEARED, fact, text="He paid twice.")
    assert len(seen(world, case, fact)) > 0
    for subjects, hidden in (((suspect, victim), False), ((victim,), True), ((suspect,), False), ((), False), ((victim,), True)):
        link(world, CLEARED, case, mail, *subjects)
        assert (seen(world, case, fact) == []) is hidden
        assert read(world, CLEARED, fact)["victims"] is hidden
    assert len(history(world, CLEARED, fact)) == 1
    relabel(world, CLEARED, case, victim, "witness")
    assert len(history(world, UNCLEARED, fact)) == 1
    relabel(world, CLEARED, case, victim, "victim")
    assert seen(world, case, fact) == []


@pytest.mark.parametrize("linked", [True, False], ids=["a victim's", "nobody's"])
def test_who_is_not_cleared_learns_of_no_link_by_recording_a_fact(world, case, linked):
    """Two worlds: the answers are the same whether the identifier belongs to a victim or to nobody."""
    victim = world.subject(CLEARED, case, "victim")
    (mail,) = world.hold(CLEARED, case, "victim@example.org", **({"subject_id": victim} if linked else {}))
    (fact,) = record(world, UNCLEARED, case, {**SAID, "identifiers": [{"id": mail}]})
    assert not fact["victims"]
    assert read(world, UNCLEARED, fact)["etag"] == "v1"
    correct(world, UNCLEARED, fact, text="He paid twice.")
    assert read(world, UNCLEARED, fact)["etag"] == "v2"
    assert len(history(world, UNCLEARED, fact)) == 1


STATEMENTS = {
    "the fact": "select count(*) from facts where victims",
    "its links": "select count(*) from fact_subjects l join subjects s on s.id = l.subject_id where s.category = 'victim'",
    "its identifiers": "select count(*) from fact_identifiers",
    "its history": "select count(*) from fact_history",
    "what was done": "select count(*) from journal_entries where object_type = 'fact'",
    "a correction": "update facts set kind = 'call' where victims",
    "a fact that is said to be about a victim": "insert into facts (id, version, case_id, authority_id, recorded_by, kind, basis, handling_code,"
    " about_victim, victims, recorded_at, changed_by, changed_at) select gen_random_uuid(), 1, '{case}', priv.authority(), priv.principal(),"
    " 'call', 'fact', 'H0', true, true, now(), priv.principal(), now()",
    "a victim among the subjects of an open fact": "insert into fact_subjects select f.id, f.case_id, '{victim}' from facts f where not f.victims",
    "an open fact that is hidden": "update facts set victims = true where not victims",
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_the_database_alone_keeps_victims_facts_from_the_uncleared(world, case, name):
    """The statements are sent as the uncleared colleague, past every filter of the application; a cleared caller reaches rows with each."""
    victim = world.subject(CLEARED, case, "victim")
    (phone,) = world.hold(CLEARED, case, "+31612345678", kind="phone")
    about = {"subjects": [{"id": victim}], "identifiers": [{"id": phone}]}
    (fact,) = record(world, CLEARED, case, {**SAID, **about})
    correct(world, CLEARED, fact, text="He did it twice.")
    sql = STATEMENTS[name].format(case=case, victim=victim)
    if "not f.victims" in sql or "not victims" in sql:
        record(world, CLEARED, case, SAID)
    reached = {who: reach(world, who, sql) for who in (UNCLEARED, CLEARED)}
    assert reached[UNCLEARED] == 0
    if name != "a victim among the subjects of an open fact":  # nobody may: it would not be hidden
        assert reached[CLEARED] > 0
    else:
        assert reached[CLEARED] == 0


def reach(world, who, sql):
    """Run a statement as somebody, and tell how many rows it reached."""
    database = world.app.extensions["coopapi"].database
    try:
        with database.work(lambda s: actor_of(s, ISSUER, who, None), uuid4().hex) as work:
            result = work.session.execute(text(sql))
            reached = result.scalar_one() if sql.startswith("select") else result.rowcount
            work.session.rollback()
            return reached
    except DBAPIError as refused:
        assert refused.orig.pgcode == "42501", refused.orig
        return 0
