"""After the end: evaluation, the public statement and its lint, and the public page, which tells nothing else."""

import json
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from teaming import (
    STATEMENT,
    TEXTS,
    active,
    approve,
    closed,
    days,
    items,
    lead,
    proposed,
    published,
    read,
    sign,
    state,
    step,
    walk,
)

from coopapi.jits import statement_checks
from coopapi.jits.statement_checks import Term


def evaluated(world, who, jit, **more):
    return world.as_(who).post(f"/jits/{jit}/evaluations", {"outcome": "Good.", **more})


def test_each_state_answers_before_all_answer_together(world):
    jit = world.once(active)
    assert evaluated(world, "prosecutor", jit).status_code == 409
    assert step(world, "prosecutor", jit, "end", end_reason="goal", reason="R").status_code == 200
    walk(world, jit, ("prosecutor", "evaluate"))
    assert step(world, "prosecutor", jit, "close").json["type"] == "/problems/evaluation-is-missing"

    assert evaluated(world, "prosecutor", jit, lessons="Begin earlier.").status_code == 201
    early = evaluated(world, "prosecutor", jit, joint=True)
    assert (early.status_code, early.json["waiting"]) == (409, ["FR"])
    assert evaluated(world, "prosecutor_fr", jit).status_code == 201
    again = evaluated(world, "prosecutor", jit, outcome="Very good.")
    assert evaluated(world, "prosecutor_fr", jit, joint=True).status_code == 201

    found = items(world, "prosecutor_fr", f"/jits/{jit}/evaluations")
    assert sorted((e["joint"], e["outcome"]) for e in found) == [(False, "Good."), (False, "Very good."), (True, "Good.")]
    assert again.json["id"] in {e["id"] for e in found}
    assert walk(world, jit, ("prosecutor", "close"))["state"] == "closed"
    assert evaluated(world, "prosecutor", jit).status_code == 409


def test_a_team_closes_without_evaluation_for_a_reason_alone(world):
    jit = active(world, until=days(world, 10))
    world.clock.forward(days=11)
    assert step(world, "prosecutor", jit, "close").status_code == 422
    assert walk(world, jit, ("prosecutor", "close", {"reason": "One State has no more people for it."}))["state"] == "closed"


def test_a_statement_is_public_with_the_last_approval_and_not_before(world):
    jit = world.once(closed, "fr", "ro")
    public = world.as_("anonymous")
    made = state(world, jit, names_operation=True)
    assert made.status_code == 201, made.json
    for who in ("prosecutor", "prosecutor_fr"):
        assert public.get("/public/jits").json == {"items": [], "next": None}
        assert approve(world, who, jit).status_code == 201
    assert approve(world, "prosecutor", jit).status_code == 409
    assert approve(world, "investigator", jit).status_code == 403
    assert public.get("/public/jits").json["items"] == []

    assert approve(world, "prosecutor_ro", jit).status_code == 201

    (shown,) = public.get("/public/jits").json["items"]
    assert shown == {
        "id": shown["id"], "operation_name": "Heron", "countries": ["FR", "NL", "RO"], "year": world.clock().year, "texts": TEXTS,
    }  # fmt: skip
    assert public.get(f"/public/jits/{shown['id']}").json == shown
    assert public.get(f"/public/jits/{jit}").status_code == 404
    assert read(world, "prosecutor", jit)["state"] == "public_statement"


def test_an_operation_is_named_only_if_the_parties_want_it(world):
    jit = world.once(closed)
    assert state(world, jit).status_code == 201
    for who in ("prosecutor", "prosecutor_fr"):
        assert approve(world, who, jit).status_code == 201
    assert world.as_("anonymous").get("/public/jits").json["items"][0]["operation_name"] is None


def test_another_text_is_approved_anew(world):
    jit = world.once(closed)
    state(world, jit)
    assert approve(world, "prosecutor", jit).status_code == 201
    old = world.as_("prosecutor").get(f"/jits/{jit}/public-statement").json["text_sha256"]
    changed = state(world, jit, texts={**TEXTS, "en": "Two States worked together."})
    assert changed.json["approved_by"] == []
    me = world.as_("prosecutor_fr")
    assert me.post(f"/jits/{jit}/public-statement/approvals", {"text_sha256": old}).status_code == 409
    assert approve(world, "prosecutor_fr", jit).status_code == 201
    assert world.as_("anonymous").get("/public/jits").json["items"] == []


def test_a_statement_is_retracted_by_any_party_and_gone_at_once(world):
    jit, public = world.once(published)
    assert step(world, "prosecutor_fr", jit, "retract").status_code == 422
    assert step(world, "prosecutor_fr", jit, "retract", reason="A trial goes on after all.").json["state"] == "closed"
    assert world.as_("anonymous").get("/public/jits").json["items"] == []
    assert world.as_("anonymous").get(f"/public/jits/{public}").status_code == 404
    assert world.as_("prosecutor").get(f"/jits/{jit}/public-statement").json["approved_by"] == []
    for who in ("prosecutor", "prosecutor_fr"):
        assert approve(world, who, jit).status_code == 201
    assert len(world.as_("anonymous").get("/public/jits").json["items"]) == 1


@pytest.mark.parametrize("name", ["victims_checked", "no_ongoing_trial"])
def test_both_checks_were_made(world, name):
    jit = world.once(closed)
    assert state(world, jit, **{name: False}).status_code == 422
    body = {**STATEMENT}
    del body[name]
    assert world.as_("prosecutor").post(f"/jits/{jit}/public-statement", body).status_code == 422


def test_only_of_a_closed_team_something_is_told(world):
    assert state(world, active(world)).status_code == 409


def test_what_must_not_be_said_is_refused_with_its_place(world):
    case = world.case("investigator", "13/482-NL")
    french = world.case("foreign", "PARQUET 77.21")
    world.subject("investigator", case, pseudonym="Kingfisher")
    jit = proposed(world, cases=[case], reference="TEAM-2026-1")
    for office, who in (("Head NL", "prosecutor"), ("Head FR", "prosecutor_fr")):
        lead(world, who, jit, office)
    assert world.as_("foreign").post(f"/jits/{jit}/cases", {"case_id": french}).status_code == 201
    world.as_("prosecutor_fr").post(f"/jits/{jit}/members", {"name": "Ada van Wren", "position": "Detective"})
    walk(world, jit, ("prosecutor", "draft"), ("prosecutor", "request_signatures"))
    for who in ("prosecutor", "prosecutor_fr"):
        sign(world, who, jit)
    later = world.subject("foreign", french, pseudonym="V-3 Teal")
    assert later
    step(world, "prosecutor", jit, "end", end_reason="goal", reason="R")
    walk(world, jit, ("prosecutor", "close", {"reason": "R"}))
    said = {
        "See 13/482 NL for more.": "case_reference",
        "Voir parquet77.21": "case_reference",
        "TEAM 2026 1 is the team.": "case_reference",
        "One of them, kingfisher, was found.": "pseudonym",
        "A child, v3teal, was found.": "pseudonym",
        "Detective Wren led it.": "member_name",
        "Three guilty men were arrested.": "presumption_of_innocence",
        "LES COUPABLES sont arrêtés.": "presumption_of_innocence",
        "El autor de los hechos fue detenido.": "presumption_of_innocence",
        "Os pedofilos foram detidos.": "presumption_of_innocence",
        "They are g u i l t y.": "presumption_of_innocence",
        "They are gu\u200bilty.": "script",
        "They are guіlty.": "script",
    }
    for text, rule in said.items():
        for language in TEXTS:
            refused = state(world, jit, texts={**TEXTS, language: text})
            assert refused.status_code == 422, (text, refused.json)
            found = {(e["pointer"], e["rule"]) for e in refused.json["errors"]}
            assert (f"/texts/{language}", rule) in found, text
            assert {pointer for pointer, _ in found} == {f"/texts/{language}"}, text
    assert state(world, jit).status_code == 201


def test_the_name_of_the_operation_is_read_like_the_text(world):
    jit = world.once(closed, operation_name="Guilty Herons")
    refused = state(world, jit, names_operation=True)
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/names_operation")
    assert state(world, jit).status_code == 201


def test_a_statement_that_says_too_much_by_now_is_not_approved(world):
    case = world.case("investigator")
    jit = closed(world, cases=[case])
    assert state(world, jit, texts={**TEXTS, "en": "Several mallards were found."}).status_code == 201
    world.subject("investigator", case, pseudonym="mallards")
    assert approve(world, "prosecutor", jit).status_code == 422


@pytest.mark.parametrize(
    ("text", "term", "place"),
    [("the heron", "HERON", [2]), ("in Hérons court", "herons", [2]), ("nothing here", "heron", []), ("case 12 of 34", "12/34", []),
     ("see 12/34", "12-34", [2]), ("a1b2c3d4", "A1 B2/C3 D4", [1]), ("so h e r o n s", "Herons", [2]), ("Straße 7", "STRASSE 7", [1])],
)  # fmt: skip
def test_a_reference_is_found_however_it_is_written(text, term, place):
    assert [fault["word"] for fault in statement_checks.faults({"/t": text}, [Term("case_reference", term)])] == place


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_plain_statement_passes(text):
    assert (
        statement_checks.faults({"/t": text}, [Term("case_reference", "13/482-NL"), Term("member_name", "Ada van der Wren")]) == []
    )


def test_every_presumption_is_found_in_itself():
    for word in statement_checks.presumptions():
        assert {fault["rule"] for fault in statement_checks.faults({"/t": f"x {word.text} y"}, [])} == {
            "presumption_of_innocence"
        }, word


CANARIES = {
    "reference": "canaryref77",
    "operation_name": "Canaryop",
    "purpose": "canarypurpose",
    "facts": "canaryfacts",
    "further_terms": "canaryterms",
    "objectives": "canaryaims",
}


@pytest.fixture
def planted(world):
    return world.once(full_of_canaries)


def full_of_canaries(world):
    """One published team, and teams in every other state, all full of canaries that must not be seen."""
    case = world.case("investigator", "canarycase55", title="canarytitle")
    world.subject("investigator", case, pseudonym="canarypseudonym")
    jit, public = published(world, cases=[case], **{k: v for k, v in CANARIES.items() if k != "operation_name"})
    hidden = [
        proposed(world, **{**CANARIES, "reference": "canaryref78"}),
        active(world, **{**CANARIES, "reference": "canaryref79"}),
        closed(world, **{**CANARIES, "reference": "canaryref80"}),
    ]
    world.as_("prosecutor").post(f"/jits/{hidden[1]}/members", {"name": "Canary Member", "position": "canaryposition"})
    draft = {**TEXTS, "en": "canarydraft"}
    assert state(world, hidden[2], texts=draft, names_operation=True).status_code == 201
    assert approve(world, "prosecutor", hidden[2]).status_code == 201
    return {"jit": jit, "public": public, "hidden": hidden, "case": case}


def test_the_public_page_leaks_nothing_whatever_is_asked(world, planted):
    anybody = world.as_("anonymous")
    ids = [planted["jit"], *planted["hidden"], planted["case"], str(world.authorities["nl"]), str(uuid4())]
    asked = st.one_of(
        st.sampled_from(
            ["", "?limit=1", "?limit=100", "?year=2026", "?year=0", "?after=x", "?limit=0", "?state=active", "?cursor=x"]
        ),
        st.builds("?after={}".format, st.sampled_from([*ids, planted["public"]])),
        st.builds("/{}".format, st.sampled_from(ids)),
        st.builds(
            "?{}={}".format, st.sampled_from(["year", "limit", "after", "id", "q"]), st.text("0123456789abc-%'\"", max_size=40)
        ),
        st.builds("/{}".format, st.text("0123456789abcdef-%'", min_size=1, max_size=40)),
    )

    @settings(max_examples=150, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(path=asked)
    def once(path):
        answer = anybody.get(f"/public/jits{path}")
        assert answer.status_code in {200, 400, 404, 422}
        written = (answer.get_data(as_text=True) + json.dumps(dict(answer.headers))).lower()
        assert "canary" not in written
        assert not any(one in written.replace(path.lower(), "") for one in ids)
        if answer.status_code == 200:
            shown = answer.json.get("items", [answer.json])
            assert all(one.keys() == {"id", "operation_name", "countries", "year", "texts"} for one in shown)
            assert {one["id"] for one in shown} <= {planted["public"]}

    once()


def test_a_token_changes_nothing_about_the_public_page(world, planted):
    for who in ("prosecutor", "europol", "admin", "anonymous"):
        assert [one["id"] for one in world.as_(who).get("/public/jits").json["items"]] == [planted["public"]]


def test_the_public_page_goes_on_where_it_was_left(world):
    ids = [published(world)[1] for _ in range(3)]
    anybody = world.as_("anonymous")
    first = anybody.get("/public/jits?limit=2").json
    second = anybody.get(f"/public/jits?limit=2&after={first['next']}").json
    assert [one["id"] for one in first["items"] + second["items"]] == ids[::-1]
    assert second["next"] is None
    assert anybody.get("/public/jits?year=1999").json["items"] == []


def test_nobody_is_named_who_works_in_the_team_nor_the_operation_unless_the_parties_want_it(world, owner):
    jit = world.once(active, operation_name="Silver Heron")
    with owner.cursor() as cursor:
        cursor.execute("update principals set name = 'Hieronymus Pelikaan' where id = %s", (str(world.people["foreign"]),))
    step(world, "prosecutor", jit, "end", end_reason="goal", reason="R")
    walk(world, jit, ("prosecutor", "close", {"reason": "R"}))
    said = {"Thanks to Pelikaan it was found.": "member_name", "Operation silverheron ended.": "operation_name"}
    for text, rule in said.items():
        refused = state(world, jit, texts={**TEXTS, "en": text})
        assert [(e["pointer"], e["rule"]) for e in refused.json["errors"]] == [("/texts/en", rule)], text
    assert state(world, jit, texts={**TEXTS, "en": "Operation Silver Heron ended."}, names_operation=True).status_code == 201


@pytest.mark.parametrize(
    ("reference", "text"),
    [("A-12", "Case A12 of it."), ("A12", "Case a 12 of it."), ("RO-2026-9", "RO-\u0968\u0966\u0968\u096c-\u096f"),
     ("Owl-1", "The owl1 case."), ("NL-7", "\U0001f1f3\U0001f1f1 7")],
)  # fmt: skip
def test_a_reference_is_found_however_it_is_spaced_and_in_whatever_digits(reference, text):
    assert statement_checks.faults({"/texts/en": text}, [Term("case_reference", reference)])
    assert not statement_checks.faults({"/texts/en": "Twelve people of 12 States, 2026."}, [Term("case_reference", reference)])
