"""Whether Eurojust is to be notified: rows worked out by hand from Art. 21(5) and (6), and the same over HTTP."""

import pytest
from assisting import CONTENT, SUBSCRIBER, recognised, sent, step
from consulting import opened
from teaming import proposed

from coopapi.directory.codelists import member_states
from coopapi.jurisdiction.notification_duty import Facts, Recorded, Team, assess

A, B, C = "listed_offence", "criminal_organisation", "serious_cross_border"
THREE, TWO, MS = "three_affected", "two_requested", "member_state"
CONFLICT, DELIVERIES, DIFFICULTIES = "conflict_of_jurisdiction", "controlled_deliveries", "repeated_difficulties"
SET_UP, RESULTS, EXEMPT = "team_set_up", "team_results", "exempted"
OCSEA = (("ocsea", 8.0),)


def f(owner, *, also="", asked="", categories="", offences=(), deliveries="", conflicts=0, teams="", records=(), **difficulties):
    split = {"countries": also, "requested": asked, "categories": categories, "deliveries": deliveries}
    sets = {name: frozenset(text.split()) for name, text in split.items()}
    return Facts(
        owner=owner,
        offences=offences,
        conflicts=conflicts,
        difficulties=difficulties,
        records=records,
        teams=tuple(Team(f"team {place}", state) for place, state in enumerate(teams.split(), 1)),
        **sets,
    )


GOLDEN = [
    ("three States, two asked, child abuse of eight years", f("NL", asked="FR RO", offences=OCSEA), True, {MS, THREE, TWO, A}),
    ("the same of exactly five years", f("NL", asked="FR RO", offences=(("ocsea", 5.0),)), True, {MS, THREE, TWO, A}),
    ("the same of four years", f("NL", asked="FR RO", offences=(("ocsea", 4.0),)), False, {MS, THREE, TWO}),
    ("no penalty stated, category of the case", f("NL", asked="FR RO", categories="ocsea"), True, {MS, THREE, TWO, A}),
    ("only one State asked", f("NL", also="RO", asked="FR", offences=OCSEA), False, {MS, THREE, A, C}),
    ("only two States affected", f("NL", asked="FR", offences=OCSEA), False, {MS, A}),
    ("third States do not count", f("NL", also="US GB", asked="FR US", offences=OCSEA), False, {MS, A}),
    ("theft by an organisation", f("NL", asked="FR RO", categories="organised_crime"), True, {MS, THREE, TWO, B}),
    ("theft by a mobile group", f("NL", asked="FR RO", categories="mocg robbery"), True, {MS, THREE, TWO, B}),
    ("robbery alone", f("NL", asked="FR RO", categories="robbery", offences=(("robbery", 12.0),)), False, {MS, THREE, TWO}),
    ("robbery that touches a fourth State", f("NL", also="DE", asked="FR RO", categories="robbery"), True, {MS, THREE, TWO, C}),
    ("robbery in five States, all asked", f("NL", asked="FR RO DE ES"), True, {MS, THREE, TWO, C}),
    ("a case of a third State", f("US", asked="FR RO DE", offences=OCSEA), False, {THREE, TWO, A}),
    ("a conflict of jurisdiction by itself", f("NL", asked="FR", conflicts=1), True, {MS, CONFLICT}),
    ("deliveries in three States, two of them Members", f("NL", deliveries="NL FR US"), True, {MS, DELIVERIES}),
    ("deliveries in three States, one of them a Member", f("NL", deliveries="NL GB US"), False, {MS}),
    ("deliveries in two States", f("NL", deliveries="NL FR"), False, {MS}),
    ("refused twice by one State", f("NL", asked="FR", FR=2), True, {MS, DIFFICULTIES}),
    ("refused once each by two States", f("NL", asked="FR RO", FR=1, RO=1), False, {MS, THREE, TWO}),
    ("Denmark takes part by agreement, not by the Regulation", f("DK", asked="FR RO DE", offences=OCSEA), False, {THREE, TWO, A}),
    ("Denmark is not counted", f("NL", asked="FR DK", offences=OCSEA), False, {MS, A}),
    ("illicit trade in organs is not on the list", f("NL", asked="FR RO", offences=(("organs", 10.0),)), False, {MS, THREE, TWO}),
    ("forgery of means of payment is", f("NL", asked="FR RO", offences=(("forgery_money", 6.0),)), True, {MS, THREE, TWO, A}),
    (
        "terrorism is in Article 21a, not on the list",
        f("NL", asked="FR RO", offences=(("terrorism", 20.0),)),
        False,
        {MS, THREE, TWO},
    ),
    ("a team at work, by itself", f("NL", teams="active"), True, {MS, SET_UP}),
    ("a team that has ended has results", f("NL", teams="ended"), True, {MS, SET_UP, RESULTS}),
    ("a team that is only proposed", f("NL", teams="drafting"), False, {MS}),
    ("a team of a third State", f("CH", teams="active"), False, {SET_UP}),
    (
        "an exemption",
        f("NL", asked="FR RO", offences=OCSEA, records=(Recorded("exemption", "21(7)"),)),
        False,
        {MS, THREE, TWO, A, EXEMPT},
    ),
    ("Ireland is a Member State", f("IE", asked="FR RO", categories="cybercrime"), True, {MS, THREE, TWO, A}),
    ("a third State's conflict", f("CH", conflicts=2), False, {CONFLICT}),
]


@pytest.mark.parametrize(("case", "facts", "due", "holding"), GOLDEN, ids=[row[0] for row in GOLDEN])
def test_the_duty_is_what_was_worked_out_by_hand(case, facts, due, holding):
    found = assess(facts)

    assert found["due"] is due
    assert {c.code for c in found["conditions"] if c.holds} == holding
    assert all(c.why and c.article.startswith("Regulation (EU) 2018/1727 Art. 21") for c in found["conditions"])


def test_there_are_twenty_seven_member_states():
    assert len(member_states()) == 27
    assert not member_states() & {"GB", "CH", "NO", "US", "XK", "UA"}


def test_the_articles_that_apply_are_named():
    both = assess(f("NL", asked="FR RO", offences=OCSEA, conflicts=1))

    assert both["articles"] == ["Regulation (EU) 2018/1727 Art. 21(5)", "Regulation (EU) 2018/1727 Art. 21(6)(a)"]


def duty(world, case, who="prosecutor"):
    found = world.as_(who).get(f"/cases/{case}/notification-duty")
    assert found.status_code == 200, found.json
    return found.json, {c["code"] for c in found.json["conditions"] if c["holds"]}


def test_a_case_grows_into_the_duty(world):
    case = world.case("prosecutor", countries=["FR"])
    assert duty(world, case)[1] == {MS, C}
    sent(world, case_id=case, reference="1")
    assert duty(world, case)[0]["due"] is False
    sent(world, case_id=case, reference="2", to="ro")

    found, holding = duty(world, case)

    assert (found["due"], holding) == (True, {MS, THREE, TWO, A})
    assert found["article"] == "Regulation (EU) 2018/1727 Art. 21(5)"


def test_a_light_offence_orders_to_providers_and_drafts_do_not_count(world):
    case = world.case("prosecutor")
    light = {"offences": [{**CONTENT["offences"][0], "max_penalty_years": 2}]}
    sent(world, case_id=case, reference="1", content=light)
    sent(world, case_id=case, reference="2", to="provider", kind="epoc", measures=[SUBSCRIBER], content=light)

    assert duty(world, case)[1] == {MS}


def test_an_open_consultation_on_a_case_is_a_conflict_for_both(world):
    case, theirs = world.case("prosecutor"), world.case("prosecutor_fr")
    consultation = opened(world, case_id=case, contacted=("fr",))
    assert CONFLICT in duty(world, case)[1]
    assert CONFLICT not in duty(world, theirs, "prosecutor_fr")[1]

    world.as_("prosecutor_fr").post(f"/jurisdiction-consultations/{consultation}/case", {"case_id": theirs})

    assert duty(world, theirs, "prosecutor_fr")[0]["articles"] == ["Regulation (EU) 2018/1727 Art. 21(6)(a)"]


def refused(world, case, reference):
    request = sent(world, case_id=case, reference=reference)
    for event in ("receive", "acknowledge"):
        assert step(world, "prosecutor_fr", request, event).status_code == 200
    grounds = {"grounds": ["eio_fundamental_rights"], "reason": "Art. 11(1)(f)"}
    assert step(world, "prosecutor_fr", request, "refuse", **grounds).status_code == 200
    return request


def test_refusals_that_recur_are_a_candidate_for_an_opinion(world):
    case = world.case("prosecutor")
    first = refused(world, case, "1")
    assert DIFFICULTIES not in duty(world, case)[1]
    second = refused(world, case, "2")
    assert DIFFICULTIES in duty(world, case)[1]
    (pair,) = world.as_("prosecutor").get("/difficulties?country=FR").json["items"]
    assert (pair["refused"], pair["candidate_for_opinion"], pair["article"]) == (2, False, None)
    third = refused(world, case, "3")

    (pair,) = world.as_("prosecutor").get("/difficulties").json["items"]

    assert (pair["requesting_country"], pair["executing_country"], pair["total"]) == ("NL", "FR", 3)
    assert pair["requests"] == sorted([first, second, third])
    assert pair["candidate_for_opinion"] is True
    assert pair["article"] == "Regulation (EU) 2018/1727 Art. 4(5)"
    assert world.as_("prosecutor").get("/difficulties?country=RO").json["items"] == []
    assert world.as_("prosecutor_ro").get("/difficulties").json["items"] == []
    world.clock.forward(days=366)
    assert world.as_("prosecutor").get("/difficulties").json["items"] == []


def test_a_refusal_stays_a_difficulty_when_the_request_is_closed(world):
    """The duty counts what `/difficulties` counts."""
    case = world.case("prosecutor")
    for reference in ("1", "2"):
        assert step(world, "prosecutor", refused(world, case, reference), "close").status_code == 200
    refused(world, world.case("prosecutor"), "3")
    (pair,) = world.as_("prosecutor").get("/difficulties?requesting_country=NL&executing_country=FR").json["items"]
    assert pair["refused"] == 3
    assert world.as_("prosecutor").get("/difficulties?requesting_country=FR").json["items"] == []
    found, holding = duty(world, case)
    assert DIFFICULTIES in holding
    assert "repeated difficulties or refusals in FR" in str(found["conditions"])


def test_only_difficulties_between_member_states_are_a_candidate_for_an_opinion(world):
    for reference in ("1", "2", "3"):
        request = sent(world, kind="mla_letter", to="us", instrument="eu_us_mla", reference=reference)
        told = {"recorded": {"at": world.clock().isoformat(), "channel": "post", "proof": "R"}}
        for event, more in (
            ("receive", {}),
            ("acknowledge", {}),
            ("refuse", {"reason": "R", "grounds": ["domestic_or_treaty_ground"]}),
        ):
            taken = step(world, "prosecutor", request, event, **told, **more)
            assert taken.status_code == 200, taken.json
    (pair,) = world.as_("prosecutor").get("/difficulties").json["items"]
    assert (pair["executing_country"], pair["refused"]) == ("US", 3)
    assert (pair["candidate_for_opinion"], pair["article"]) == (False, None)


def test_a_request_that_is_late_is_a_difficulty(world):
    recognised(world, case_id=world.case("prosecutor"))
    assert world.as_("prosecutor").get("/difficulties").json["items"] == []

    world.clock.forward(days=120)

    (pair,) = world.as_("prosecutor").get("/difficulties").json["items"]
    assert (pair["overdue"], pair["total"]) == (1, 1)


def test_who_sees_only_the_index_does_not_assess(world):
    assert world.as_("desk").get(f"/cases/{world.case('prosecutor')}/notification-duty").status_code == 403


def test_nobody_is_told_that_nothing_is_due_who_cannot_know_it(world):
    """Who reads the case and not its requests, or reads it for another authority, is refused rather than told `not due`."""
    case = world.case("prosecutor")
    given = {"authority_id": str(world.authorities["ro"]), "level": "read", "reason": "R"}
    assert world.as_("prosecutor").post(f"/cases/{case}/access", given).status_code == 201
    for who in ("romanian", "prosecutor_ro", "analyst"):
        assert world.as_(who).get(f"/cases/{case}/notification-duty").status_code == 403, who
    assert world.as_("investigator").get(f"/cases/{case}/notification-duty").status_code == 200


def test_the_desk_of_either_state_learns_how_often_and_of_no_request(world):
    for reference in ("1", "2", "3"):
        refused(world, world.case("prosecutor"), reference)
    for who in ("desk", "desk_fr"):
        (pair,) = world.as_(who).get("/difficulties").json["items"]
        assert (pair["requesting_country"], pair["executing_country"], pair["refused"]) == ("NL", "FR", 3)
        assert (pair["candidate_for_opinion"], pair["requests"]) == (True, [])
    assert world.as_("desk").get("/difficulties?country=RO").json["items"] == []
    assert world.as_("desk").get("/difficulties?country=FR").json["items"] != []
    recognised(world, case_id=world.case("prosecutor"))
    world.clock.forward(days=120)
    (pair,) = world.as_("desk_fr").get("/difficulties").json["items"]
    assert (pair["refused"], pair["overdue"]) == (3, 1)
    world.clock.forward(days=366)
    assert world.as_("desk").get("/difficulties").json["items"] == []


def records(case):
    return f"/cases/{case}/eurojust-records"


def test_what_was_notified_and_exempted_is_recorded_and_counts(world):
    case, today = world.case("prosecutor", countries=["FR"]), world.clock().date().isoformat()
    sent(world, case_id=case, reference="1")
    sent(world, case_id=case, reference="2", to="ro")
    assert duty(world, case)[0]["not_notified"] == ["Regulation (EU) 2018/1727 Art. 21(5)"]
    me = world.as_("prosecutor")
    made = me.post(records(case), {"article": "21(5)", "recorded_on": today, "reference": "EJ-2026/1"})
    assert (made.status_code, made.json["kind"]) == (201, "notification")
    assert (duty(world, case)[0]["due"], duty(world, case)[0]["not_notified"]) == (True, [])

    assert me.post(records(case), {"article": "21(7)", "ground": "safety", "recorded_on": today}).json["kind"] == "exemption"
    found, holding = duty(world, case)
    assert (found["due"], EXEMPT in holding) == (False, True)
    assert [row["article"] for row in me.get(records(case)).json["items"]] == ["21(7)", "21(5)"]
    ahead = me.post(records(case), {"article": "21(5)", "recorded_on": "2199-01-01"})
    assert (ahead.status_code, ahead.json["errors"][0]["pointer"]) == (422, "/recorded_on")


def test_a_written_opinion_is_answered_once_and_declined_only_on_a_ground(world):
    case, today = world.case("prosecutor"), world.clock().date().isoformat()
    me = world.as_("prosecutor")
    opinion = me.post(records(case), {"article": "4(5)", "recorded_on": today}).json
    path = f"{records(case)}/{opinion['id']}"

    def answered(**said):
        return me.post(f"{path}/answer", {"answered_on": today, **said}, If_Match=f'"{me.get(path).json["etag"]}"')

    assert answered(answer="declined").json["errors"][0]["pointer"] == "/ground"
    assert answered(answer="followed", ground="safety").status_code == 422
    assert answered(answer="declined", ground="ongoing_investigation").json["ground"] == "ongoing_investigation"
    assert answered(answer="followed").json["type"] == "/problems/opinion-answered"
    notified = me.post(records(case), {"article": "21(4)", "recorded_on": today}).json
    path = f"{records(case)}/{notified['id']}"
    assert answered(answer="followed").status_code == 409


def test_the_records_of_a_case_are_for_the_authority_that_answers_for_it(world):
    case, today = world.case("prosecutor"), world.clock().date().isoformat()
    made = world.as_("prosecutor").post(records(case), {"article": "4(4)", "recorded_on": today}).json
    given = {"authority_id": str(world.authorities["ro"]), "level": "read", "reason": "R"}
    assert world.as_("prosecutor").post(f"/cases/{case}/access", given).status_code == 201

    for path in (records(case), f"{records(case)}/{made['id']}"):
        told = {who: world.as_(who).get(path).status_code for who in ("investigator", "prosecutor_ro", "prosecutor_fr", "desk")}
        assert told == {"investigator": 200, "prosecutor_ro": 403, "prosecutor_fr": 404, "desk": 403}
    told = {
        who: "eurojust.recorded" in str(world.as_(who).get(f"/cases/{case}/timeline").json)
        for who in ("investigator", "prosecutor_ro")
    }
    assert told == {"investigator": True, "prosecutor_ro": False}
    other = world.case("prosecutor")
    assert world.as_("prosecutor").get(f"{records(other)}/{made['id']}").status_code == 404
    assert world.as_("investigator").post(records(case), {"article": "4(4)", "recorded_on": today}).status_code == 403


def test_the_setting_up_and_the_results_of_each_team_are_told():
    article, one = "Regulation (EU) 2018/1727 Art. 21(4)", Recorded("notification", "21(4)")
    for teams, needed in {"active active": 2, "active ended": 3, "ended ended": 4, "ended drafting": 2, "drafting": 0}.items():
        told = {count: assess(f("NL", teams=teams, records=(one,) * count))["not_notified"] for count in (needed - 1, needed)}
        assert told[needed] == []
        assert not needed or told[needed - 1] == [article]


def test_the_results_of_a_team_are_told_beside_its_setting_up():
    article, one = "Regulation (EU) 2018/1727 Art. 21(4)", Recorded("notification", "21(4)")
    assert assess(f("NL", teams="active", records=(one,)))["not_notified"] == []
    assert assess(f("NL", teams="ended", records=(one,)))["not_notified"] == [article]
    assert assess(f("NL", teams="ended", records=(one, one)))["not_notified"] == []


def test_a_record_that_names_its_team_covers_no_other():
    article = "Regulation (EU) 2018/1727 Art. 21(4)"

    def told(*steps, unnamed=0):
        named = (Recorded("notification", "21(4)", f"team {team}", step) for team, step in steps)
        records = (*named, *(Recorded("notification", "21(4)"),) * unnamed)
        found = assess(f("NL", teams="ended active", records=records))
        return found["not_notified"], [(one["team_id"], one["team_step"]) for one in found["teams_not_notified"]]

    everything = [("team 1", "set_up"), ("team 2", "set_up"), ("team 1", "results")]
    assert told() == ([article], everything)
    assert told((1, "set_up"), (1, "set_up"), (1, "results")) == ([article], [("team 2", "set_up")])
    assert told((1, "set_up"), (2, "set_up"), (1, "results")) == ([], [])
    assert told((1, "set_up"), unnamed=1) == ([article], everything[1:])
    assert told((1, "set_up"), unnamed=2) == ([], [])


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"article": "21(7)"}, "/ground"),
        ({"article": "21(5)", "ground": "safety"}, "/ground"),
        ({"article": "21(4)", "team_step": "results"}, "/team_step"),
        ({"article": "21(4)", "team_id": "00000000-0000-4000-8000-000000000000"}, "/team_step"),
        ({"article": "21(5)", "team_id": "00000000-0000-4000-8000-000000000000", "team_step": "results"}, "/team_step"),
        ({"article": "21(4)", "team_id": "00000000-0000-4000-8000-000000000000", "team_step": "results"}, "/team_id"),
    ],
)
def test_a_record_names_a_team_of_the_case_and_the_ground_of_an_exemption(world, said, pointer):
    case, today = world.case("prosecutor"), world.clock().date().isoformat()
    refused = world.as_("prosecutor").post(records(case), {"recorded_on": today, **said})
    assert (refused.status_code, [fault["pointer"] for fault in refused.json["errors"]]) == (422, [pointer])


def test_a_notification_names_a_team_of_the_case_and_no_other(world):
    case, today = world.case("prosecutor"), world.clock().date().isoformat()
    mine, other = proposed(world, cases=[case]), proposed(world, cases=[world.case("prosecutor")])
    me, said = world.as_("prosecutor"), {"article": "21(4)", "recorded_on": today, "team_step": "set_up"}
    made = me.post(records(case), {**said, "team_id": mine})
    assert (made.status_code, made.json["team_id"], made.json["team_step"]) == (201, mine, "set_up")
    assert me.post(records(case), {**said, "team_id": other}).json["errors"][0]["pointer"] == "/team_id"
    assert duty(world, case)[0]["teams_not_notified"] == []
