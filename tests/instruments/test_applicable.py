"""Which instrument may be used: by hand, from the treaties; `today` is in November 2026."""

from datetime import date

import pytest

from coopapi.instruments import service

TODAY = "2026-11-25"
UN = {"untoc", "uncac"}
PROTOCOLS = {f"extradition1957_p{number}" for number in (1, 2, 3, 4)}
NO, YET, FIRST = "not_in_force", "addressee_not_party", "other_treaty_goes_first"
NOT_FROM, NOT_TO, TREATY = "sender_not_party", "addressee_not_party", "no_treaty_between_them"
MEASURE, KIND, BETWEEN, RESERVED = "measure_not_covered", "kind_not_covered", "not_between_them", "reservation"

ROWS = [
    # Between Member States that have the European Investigation Order.
    ("NL FR search_seizure", TODAY, {"eio"}, {"eu2000": FIRST, "ecma1959": FIRST, "budapest": FIRST, "reciprocity": FIRST}),
    ("DE IT hearing", TODAY, {"eio"}, {"eu2000": FIRST, "e_evidence": MEASURE, "eu_us_mla": BETWEEN, "untoc": FIRST}),
    ("ES PT interception", TODAY, {"eio"}, {"eu2000": FIRST, "budapest": FIRST, "bilateral_mlat": TREATY}),
    ("RO BG covert", TODAY, {"eio"}, {"ecma1959_p2": FIRST, "ecma1959": MEASURE, "police": MEASURE}),
    ("SE FI bank_monitoring", TODAY, {"eio"}, {"eu2000": FIRST, "ecma1959": MEASURE}),
    ("PL CZ video_hearing", TODAY, {"eio"}, {"ecma1959_p2": FIRST, "eu2000": FIRST, "budapest_p2": NO}),
    ("GR HR transfer_of_prisoner", TODAY, {"eio"}, {"eu2000": NOT_FROM, "ecma1959": FIRST}),
    ("NL FR identification", TODAY, {"eio", "e_evidence", "police"}, {"budapest": FIRST, "eaw": MEASURE}),
    (
        "NL FR service",
        TODAY,
        {"eu2000", "ecma1959", "ecma1959_p1", "ecma1959_p2"},
        {"eio": MEASURE, "budapest": MEASURE, "untoc": FIRST},
    ),
    (
        "NL FR preservation",
        TODAY,
        {"eio", "e_evidence", "budapest"},
        {"eu2000": MEASURE, "ecma1959": MEASURE, "reciprocity": FIRST},
    ),
    ("NL FR content", TODAY, {"eio", "e_evidence"}, {"budapest": FIRST}),
    # Before the Order, and while some had it and others did not.
    ("NL FR search_seizure", "2016-05-01", {"eu2000", "ecma1959"}, {"eio": NO, "e_evidence": NO, "budapest": FIRST}),
    ("FR ES search_seizure", "2018-01-15", {"eu2000", "ecma1959"}, {"eio": YET, "budapest": FIRST}),
    ("FR ES search_seizure", "2018-07-02", {"eio"}, {"eu2000": FIRST}),
    ("AT FR search_seizure", "2018-06-30", {"eu2000", "ecma1959"}, {"eio": NOT_FROM}),
    # Electronic evidence, from 18 August 2026.
    ("DE IE traffic", "2026-08-17", {"eu2000", "ecma1959"}, {"e_evidence": NO, "eio": NOT_TO, "budapest": NOT_TO}),
    ("DE IE traffic", "2026-08-18", {"e_evidence", "eu2000", "ecma1959"}, {"eio": NOT_TO, "budapest": NOT_TO}),
    ("IE LU subscriber", TODAY, {"e_evidence", "eu2000", "ecma1959", "police"}, {"eio": NOT_FROM}),
    ("DK IE content", TODAY, {"eu2000", "ecma1959"}, {"e_evidence": NOT_FROM, "eio": NOT_FROM, "budapest": NOT_TO}),
    ("FR DK traffic", TODAY, {"eu2000", "ecma1959"}, {"e_evidence": NOT_TO, "eio": NOT_TO, "budapest": FIRST}),
    # Denmark and Ireland.
    ("NL DK search_seizure", TODAY, {"eu2000", "ecma1959"}, {"eio": NOT_TO, "budapest": FIRST, "ecma1959_p2": MEASURE}),
    ("NL IE search_seizure", TODAY, {"eu2000", "ecma1959"}, {"eio": NOT_TO}),
    ("NL IE search_seizure", "2020-08-22", {"ecma1959"}, {"eio": NOT_TO, "eu2000": YET}),
    ("DK SE controlled_delivery", TODAY, {"eu2000", "ecma1959_p2"}, {"eio": NOT_FROM, "ecma1959": MEASURE}),
    ("GR DK search_seizure", TODAY, {"ecma1959"}, {"eio": NOT_TO, "eu2000": NOT_FROM, "ecma1959_p2": NOT_FROM}),
    # The United Kingdom before and after 31 December 2020.
    ("DE GB search_seizure", "2020-12-31", {"eio"}, {"eu_uk_tca": NO, "ecma1959": FIRST}),
    ("DE GB search_seizure", "2021-01-01", {"eu_uk_tca", "ecma1959"}, {"eio": NOT_TO, "eu2000": NOT_TO, "budapest": FIRST}),
    ("GB IE hearing", TODAY, {"eu_uk_tca", "ecma1959"}, {"eio": NOT_FROM, "eu2000": NOT_FROM}),
    ("GB US content", TODAY, {"bilateral_mlat"}, {"eu_us_mla": NOT_FROM, "eu_uk_tca": NOT_TO, "budapest": FIRST}),
    ("GB NO freezing", TODAY, {"ecma1959_p2"}, {"eu_uk_tca": NOT_TO, "ecma1959": MEASURE, "untoc": FIRST}),
    # Norway, Iceland, Switzerland, and the other parties to the Convention of 1959.
    ("NL NO interception", TODAY, {"eu2000", "ecma1959"}, {"eio": NOT_TO, "budapest": FIRST}),
    ("NO IS interception", TODAY, {"ecma1959"}, {"eu2000": BETWEEN, "budapest": FIRST}),
    ("DE CH video_hearing", TODAY, {"ecma1959_p2"}, {"eu2000": NOT_TO, "ecma1959": MEASURE, "budapest": MEASURE}),
    ("FR TR search_seizure", TODAY, {"ecma1959"}, {"ecma1959_p2": MEASURE, "budapest": FIRST}),
    ("FR RU search_seizure", TODAY, {"ecma1959"}, {"budapest": NOT_TO, "bilateral_mlat": TREATY}),
    ("AM GB service", TODAY, {"ecma1959", "ecma1959_p2"}, {"ecma1959_p1": RESERVED}),
    ("IL CL covert", TODAY, {"ecma1959_p2"}, {"ecma1959": MEASURE, "reciprocity": FIRST}),
    # The United States.
    ("FR US content", TODAY, {"eu_us_mla", "bilateral_mlat"}, {"budapest": FIRST, "ecma1959": NOT_TO, "untoc": FIRST}),
    ("US FR content", TODAY, {"eu_us_mla", "bilateral_mlat"}, {"budapest": FIRST, "ecma1959": NOT_FROM}),
    ("FR US content", "2009-06-01", {"bilateral_mlat"}, {"eu_us_mla": NO, "budapest": FIRST}),
    ("DK US banking", "2010-01-31", {"budapest", *UN}, {"eu_us_mla": NO, "bilateral_mlat": TREATY, "reciprocity": FIRST}),
    ("DK US banking", "2010-02-01", {"eu_us_mla", "bilateral_mlat"}, {"budapest": FIRST}),
    ("FR US preservation", TODAY, {"budapest"}, {"eu_us_mla": MEASURE, "bilateral_mlat": MEASURE, "reciprocity": FIRST}),
    ("FR US interception", TODAY, {"budapest"}, {"eu_us_mla": MEASURE, "bilateral_mlat": MEASURE}),
    ("US PH traffic", TODAY, {"bilateral_mlat"}, {"budapest": FIRST, "eu_us_mla": NOT_TO}),
    # The rest of the world.
    ("NL BR content", TODAY, {"budapest", *UN}, {"bilateral_mlat": TREATY, "ecma1959": NOT_TO, "reciprocity": FIRST}),
    ("NL BR content", "2023-02-28", {*UN, "reciprocity"}, {"budapest": YET}),
    ("FR BR content", "2022-06-01", {"bilateral_mlat"}, {"budapest": YET, "untoc": FIRST, "reciprocity": FIRST}),
    ("RO PH content", TODAY, {"budapest", *UN}, {"bilateral_mlat": TREATY, "budapest_p2": NO}),
    ("RO PH content", "2018-06-30", {*UN, "reciprocity"}, {"budapest": YET}),
    ("AU NZ traffic", "2025-11-30", {*UN, "harare_scheme"}, {"budapest": YET, "reciprocity": FIRST}),
    ("AU NZ traffic", "2025-12-01", {"budapest", *UN, "harare_scheme"}, {"reciprocity": FIRST}),
    # Regional treaties, and one pair that a Senate report of France is about.
    ("FR TH content", TODAY, {"bilateral_mlat"}, {"reciprocity": FIRST, "untoc": FIRST, "asean_mlat": NOT_FROM}),
    ("TH MY hearing", TODAY, {"asean_mlat"}, {"untoc": FIRST, "uncac": FIRST, "reciprocity": FIRST, "harare_scheme": NOT_FROM}),
    ("TH MY hearing", "2013-01-30", {*UN, "reciprocity"} - {"untoc"}, {"asean_mlat": NOT_FROM, "untoc": NOT_FROM}),
    ("BR PT content", TODAY, {"cplp_mla"}, {"bilateral_mlat": FIRST, "budapest": FIRST, "untoc": FIRST, "reciprocity": FIRST}),
    ("CV PT hearing", "2018-08-31", {*UN, "reciprocity"}, {"cplp_mla": NOT_FROM}),
    ("ES CU search_seizure", TODAY, {*UN, "reciprocity"}, {"medellin2019": MEASURE}),
    ("NL AL freezing", TODAY, {"ecma1959_p2", "warsaw2005"}, {"ecma1959": MEASURE, "lanzarote2007": FIRST}),
    ("NL MT freezing", TODAY, {"eio", "freezing_confiscation"}, {"warsaw2005": FIRST}),
    ("NG GH service", TODAY, {"ecowas_mla", "harare_scheme"}, {"untoc": FIRST, "reciprocity": FIRST}),
    ("ML NG service", "2025-01-29", {*UN, "reciprocity"}, {"ecowas_mla": NOT_FROM}),
    ("DE JP banking", TODAY, {"eu_jp_mla"}, {"budapest": FIRST, "ecma1959": NOT_TO}),
    ("DK JP banking", TODAY, {"budapest", *UN}, {"eu_jp_mla": NOT_FROM}),
    ("JP KR banking", TODAY, {"bilateral_mlat"}, {"budapest": NOT_TO, "ecma1959": NOT_FROM}),
    ("JP KR preservation", TODAY, {"reciprocity"}, {"budapest": NOT_TO, "bilateral_mlat": MEASURE, "un_cybercrime_2024": NO}),
    ("DE CN content", TODAY, {*UN, "reciprocity"}, {"budapest": NOT_TO, "bilateral_mlat": TREATY}),
    ("NL IR content", TODAY, {"uncac", "reciprocity"}, {"untoc": NOT_TO, "budapest": NOT_TO}),
]

KINDS = [
    ("NL FR jit_setup", None, {"eu2000", "jit_fd_2002", "ecma1959_p2", *UN}, {"eio": KIND}),
    ("NL IE jit_setup", None, {"eu2000", "jit_fd_2002", "ecma1959_p2", *UN}, {"eio": NOT_TO}),
    ("NL US jit_setup", None, {"eu_us_mla", *UN}, {"bilateral_mlat": KIND, "budapest_p2": NO}),
    ("NL FR eaw", None, {"eaw"}, {"eio": KIND}),
    ("NL DK eaw", None, {"eaw"}, {}),
    ("NL GB eaw", None, {"eu_uk_surrender"}, {"eaw": NOT_TO}),
    ("NL FR eaw", "other", {"eaw"}, {"eu_uk_surrender": BETWEEN, "eu_no_is_surrender": BETWEEN}),
    ("NO FR eaw", None, {"eu_no_is_surrender"}, {"eaw": NOT_FROM}),
    ("NO IS eaw", None, {"eu_no_is_surrender"}, {}),
    ("GB NO eaw", None, set(), {"eu_uk_surrender": NOT_TO, "eu_no_is_surrender": NOT_FROM}),
    ("NL FR extradition", None, set(), {"extradition1957": FIRST, "budapest": FIRST, "reciprocity": FIRST, "lanzarote2007": FIRST}),
    ("NL GB extradition", None, set(), {"extradition1957": FIRST, "untoc": FIRST}),
    ("DE CH extradition", None, {"extradition1957", "extradition1957_p2", "extradition1957_p3"}, {"extradition1957_p1": NOT_FROM}),
    ("TR CH extradition", None, {"extradition1957", *PROTOCOLS}, {"budapest": FIRST, "untoc": FIRST, "reciprocity": FIRST}),
    ("FR US extradition", None, {"eu_us_extradition"}, {"extradition1957": NOT_TO, "budapest": FIRST}),
    ("BR PT extradition", None, {"cplp_extradition"}, {"budapest": FIRST, "london_scheme": NOT_FROM}),
    ("IN NG extradition", None, {"london_scheme", *UN}, {"reciprocity": FIRST}),
    ("TH MY extradition", None, {*UN, "reciprocity"}, {"asean_mlat": KIND}),
    ("ES CU mla_letter", "hearing", {*UN, "reciprocity"}, {"medellin2019": KIND}),
    ("NL FR eio", "content", {"eio"}, {"e_evidence": KIND, "eu2000": KIND}),
    ("NL IE eio", "content", set(), {"eio": NOT_TO, "e_evidence": KIND}),
    ("NL IE epoc", "content", {"e_evidence"}, {"eu2000": KIND}),
    ("NL IE epoc_pr", "preservation", {"e_evidence"}, {}),
    ("NL US epoc", "content", set(), {"e_evidence": NOT_TO}),
    ("FR US preservation", "content", {"budapest"}, {"eu_us_mla": KIND, "bilateral_mlat": KIND}),
    ("NL FR preservation", "content", {"budapest"}, {"eio": KIND}),
    ("FR US expedited_disclosure", "traffic", {"budapest"}, {"budapest_p2": NO}),
    ("FR US subscriber_information", "subscriber", {"budapest"}, {"eu_us_mla": KIND}),
    ("NL FR subscriber_information", "subscriber", set(), {"budapest": FIRST, "eio": KIND}),
    ("FR US mla_letter", "subscriber", {"eu_us_mla", "bilateral_mlat"}, {"budapest": FIRST}),
    ("NL FR spontaneous_information", None, {"eu2000", "ecma1959_p2", "budapest", "warsaw2005", *UN, "police"}, {"eio": KIND}),
    ("NL PH spontaneous_information", None, {"budapest", *UN}, {"police": NOT_TO}),
    ("NL TR transfer_of_proceedings", None, {"ecma1959"}, {"eio": NOT_TO}),
]


def answers(way, on, measure=None, kind=None):
    found = service.applicable(*way, measure, kind, on=date.fromisoformat(on))
    return {a.instrument.code for a in found if a.applicable}, {a.instrument.code: [r.code for r in a.reasons] for a in found}


@pytest.mark.parametrize(("asked", "on", "expected", "refused"), ROWS, ids=[f"{row[0]} {row[1]}" for row in ROWS])
def test_a_measure_may_be_asked_under(asked, on, expected, refused):
    *way, measure = asked.split()
    usable, reasons = answers(way, on, measure)
    assert usable == expected
    assert {code: reason for code, reason in refused.items() if reason not in reasons[code]} == {}


@pytest.mark.parametrize(("asked", "measure", "expected", "refused"), KINDS, ids=[f"{row[0]} {row[1]}" for row in KINDS])
def test_a_request_of_a_kind_may_be_made_under(asked, measure, expected, refused):
    *way, kind = asked.split()
    usable, reasons = answers(way, TODAY, measure, kind)
    assert usable == expected
    assert {code: reason for code, reason in refused.items() if reason not in reasons[code]} == {}


def test_every_instrument_is_answered_and_each_that_may_not_be_used_says_why():
    for way in (("NL", "FR"), ("FR", "US"), ("NL", "BR"), ("PG", "SB")):
        found = service.applicable(*way, "content", on=date(2026, 11, 25))
        assert {a.instrument.code for a in found} == set(service.codes())
        assert all(bool(a.reasons) != a.applicable for a in found)
        assert all(r.text and r.article for a in found for r in (*a.reasons, *a.conditions))


def test_what_may_be_used_comes_first_and_the_best_of_it_before_the_rest():
    found = [a.instrument.code for a in service.applicable("NL", "IE", "content", on=date(2026, 11, 25))]
    assert found[:3] == ["e_evidence", "eu2000", "ecma1959"]
    found = [a.instrument.code for a in service.applicable("NL", "BR", "content", on=date(2022, 11, 25))]
    assert found[:3] == ["untoc", "uncac", "reciprocity"]


def test_the_protocol_that_is_not_in_force_is_never_an_answer():
    countries = ["JP", "RS", "HU", "US", "FR", "NL", "BR"]
    for way in ((a, b) for a in countries for b in countries if a != b):
        usable, reasons = answers(way, "2030-01-01", "subscriber")
        assert "budapest_p2" not in usable
        assert reasons["budapest_p2"] == ["not_in_force"]


def test_the_reason_names_the_date_from_which_it_would_do():
    (budapest,) = (a for a in service.applicable("NL", "BR", "content", on=date(2023, 2, 28)) if a.instrument.code == "budapest")
    assert [r.text for r in budapest.reasons] == ["Brazil is bound only from 2023-03-01."]
    (eio,) = (a for a in service.applicable("DE", "GB", "content", on=date(2021, 1, 1)) if a.instrument.code == "eio")
    assert [r.text for r in eio.reasons] == ["United Kingdom was bound until 2020-12-31."]


def test_denmark_and_ireland_are_told_why_the_order_is_not_theirs():
    found = service.applicable("DK", "IE", "content", on=date(2026, 11, 25))
    (eio,) = (a for a in found if a.instrument.code == "eio")
    assert [(r.code, r.article) for r in eio.reasons] == [
        ("sender_not_party", "Protocol No 22; recital 45"),
        ("addressee_not_party", "Protocol No 21; recital 44"),
    ]


def test_evidence_gathered_in_a_team_is_no_matter_for_an_investigation_order():
    found = service.applicable("NL", "FR", None, "jit_setup", on=date(2026, 11, 25))
    (eio,) = (a for a in found if a.instrument.code == "eio")
    assert [r.article for r in eio.reasons] == ["Directive 2014/41/EU Art. 3"]


def test_a_reservation_that_does_not_exclude_is_a_condition():
    found = service.applicable("NL", "AL", "search_seizure", on=date(2026, 11, 25))
    (old,) = (a for a in found if a.instrument.code == "ecma1959")
    assert old.applicable
    assert [(r.code, r.article) for r in old.conditions] == [("reservation", "Art. 5(1)")]
    found = service.applicable("AL", "NL", "search_seizure", on=date(2026, 11, 25))
    assert next(a for a in found if a.instrument.code == "ecma1959").conditions == ()
    found = service.applicable("US", "AT", "preservation", on=date(2026, 11, 25))
    assert [r.article for a in found if a.applicable for r in a.conditions] == ["Art. 29(4)"]


def test_it_is_asked_over_http(world):
    asked = world.as_("investigator").get("/instruments/applicable?from=NL&to=EL&measure=content&kind=eio&on=2017-10-01")
    assert asked.status_code == 200, asked.json
    first, *others = asked.json["items"]
    assert (first["instrument"]["code"], first["applicable"], first["article"]) == ("eio", True, "Directive 2014/41/EU Art. 3")
    assert first["reasons"] == []
    assert all(item["reasons"] and not item["applicable"] for item in others)
    today = world.as_("investigator").get("/instruments/applicable?from=NL&to=IE&kind=epoc").json["items"]
    assert [item["instrument"]["code"] for item in today if item["applicable"]] == ["e_evidence"]


def test_the_clock_says_what_today_is(world, clock):
    clock.at("2016-09-11T10:00:00+00:00")
    asked = world.as_("investigator").get("/instruments/applicable?from=NL&to=FR&measure=content").json["items"]
    assert [item["instrument"]["code"] for item in asked if item["applicable"]] == ["eu2000", "ecma1959"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=NL&to=NL&measure=content", "to"),
        ("from=NL&to=FR", "measure"),
        ("from=NL&measure=content", "to"),
        ("from=EU&to=FR&measure=content", "from"),
        ("from=NL&to=FR&measure=torture", "measure"),
        ("from=NL&to=FR&measure=content&kind=letter", "kind"),
        ("from=NL&to=FR&measure=content&on=soon", "on"),
        ("from=NL&to=FR&measure=content&on=0001-01-01", "on"),
        ("from=NL&to=FR&measure=content&country=NL", "country"),
    ],
)
def test_a_question_that_makes_no_sense_is_named(world, query, field):
    asked = world.as_("investigator").get(f"/instruments/applicable?{query}")
    assert asked.status_code == 422
    assert [error["pointer"] for error in asked.json["errors"]] == [f"/{field}"]
