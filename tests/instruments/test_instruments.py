"""The instruments as data: complete, dated, sourced, and nothing in them that the codelists don't know."""

from datetime import date

import pytest

from coopapi.directory import codelists
from coopapi.instruments import service

LANGUAGES = {"en", "fr", "es", "pt"}
FIRST_HALF = {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"}
UNION = FIRST_HALF | {"IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"}
TODAY = date(2026, 11, 25)
INSTRUMENTS = service.load()
named = pytest.mark.parametrize("instrument", INSTRUMENTS, ids=service.codes())


def bound(code, on=TODAY):
    return {
        p.country for p in service.get(code).parties if (p.since is None or p.since <= on) and (p.until is None or on <= p.until)
    }


def test_the_file_says_where_it_comes_from():
    assert service.provenance()["source"]
    assert service.provenance()["version"] == "2026-12"


def test_every_instrument_of_the_domain_is_there_once():
    wanted = {"budapest", "budapest_p2", "eio", "e_evidence", "eu2000", "ecma1959", "ecma1959_p1", "ecma1959_p2", "eu_us_mla"}
    wanted |= {"eu_uk_tca", "bilateral_mlat", "reciprocity", "uncac", "untoc", "un_cybercrime_2024", "police"}
    wanted |= {"freezing_confiscation", "extradition1957", "eu_us_extradition", "eu_uk_surrender", "lanzarote2007", "warsaw2005"}
    wanted |= {"medellin2019", "cplp_mla", "ecowas_mla", "asean_mlat", "riyadh1983", "london_scheme", "harare_scheme"}
    assert wanted <= set(service.codes())
    assert len(set(service.codes())) == len(service.codes())


@named
def test_an_instrument_is_told_in_four_languages_with_its_citation_and_rules(instrument):
    assert set(instrument.titles) == LANGUAGES
    assert all(instrument.titles.values())
    assert instrument.citation
    for rule in (instrument.form, instrument.channel, instrument.languages, *instrument.excluded.values()):
        assert rule.text.endswith(".")
        assert rule.article


@named
def test_kinds_and_measures_are_those_of_the_codelists(instrument):
    kinds, measures = codelists.load("request_kinds").codes, codelists.load("measures").codes
    assert instrument.kinds or instrument.excluded
    assert set(instrument.kinds) <= kinds
    assert set(instrument.measures) <= measures
    assert all(instrument.measures.values())
    assert set(instrument.excluded) <= (kinds | measures) - set(instrument.kinds) - set(instrument.measures)
    for rule in instrument.yields:
        assert set(rule.to) <= set(service.codes()) - {instrument.code}
        assert set(rule.except_kinds) <= kinds
        assert set(rule.except_measures) <= measures


@named
def test_each_party_is_a_country_named_once(instrument):
    countries = [party.country for party in instrument.parties]
    assert len(set(countries)) == len(countries)
    outsiders = {outsider.country for outsider in instrument.outside}
    assert set(countries) | outsiders <= codelists.load("countries").codes
    assert not outsiders & set(countries)
    assert countries == sorted(countries)


@named
def test_dates_make_sense(instrument):
    for party in instrument.parties:
        if party.in_force_from is None:
            assert party.verify
        else:
            assert instrument.in_force_from <= party.since <= party.in_force_from <= TODAY
            assert party.until is None or party.in_force_from < party.until
    for pair in instrument.pairs:
        assert instrument.in_force_from <= pair.in_force_from <= TODAY
    assert not (instrument.parties and not instrument.in_force)


@named
def test_reservations_are_about_what_the_codelists_know(instrument):
    for made in (r for party in instrument.parties for r in party.reservations):
        assert made.text.endswith(".")
        assert made.article
        assert made.effect in {"excludes", "conditions"}
        assert set(made.measures) <= codelists.load("measures").codes
        assert set(made.kinds) <= codelists.load("request_kinds").codes


@named
def test_a_side_that_says_nothing_among_itself_has_members(instrument):
    sides = {party.side for party in instrument.parties}
    assert set(instrument.not_among) <= sides
    assert not instrument.not_among or len(sides) > 1
    assert instrument.supplements in {"", *service.codes()}


def test_the_sets_of_the_union_are_those_of_the_protocols():
    assert bound("eio") == UNION - {"DK", "IE"}
    assert bound("e_evidence") == UNION - {"DK"}
    assert bound("eaw") == bound("jit_fd_2002") == UNION
    assert bound("eu_uk_tca") == UNION | {"GB"}
    assert bound("eu_us_mla") == UNION | {"US"}
    assert bound("eu_jp_mla") == UNION - {"DK"} | {"JP"}
    assert bound("eu2000") == UNION - {"GR", "HR"} | {"IS", "NO"}
    assert bound("police") == UNION | {"CH", "IS", "LI", "NO"}
    assert bound("freezing_confiscation") == UNION - {"DK", "IE"}
    assert bound("eu_uk_surrender") == UNION | {"GB"}
    assert bound("eu_us_extradition") == UNION | {"US"}
    assert bound("extradition1957") >= UNION | {"GB", "CH", "NO", "IS", "TR", "UA", "RU", "IL", "ZA", "KR"}
    assert "IE" not in bound("budapest")


def test_the_protocols_on_extradition_bind_parties_of_the_convention():
    codes = [f"extradition1957_p{number}" for number in (1, 2, 3, 4)]
    assert all(bound(code) <= bound("extradition1957") for code in codes)
    assert "DE" not in bound("extradition1957_p1")
    assert bound("extradition1957_p2", date(1983, 6, 5)) == {"DK", "NL", "SE", "CL"}
    assert all(party.verify or party.since for code in codes for party in service.get(code).parties)


def test_the_united_kingdom_left_on_the_last_day_of_2020():
    left, stayed = (
        {"eio", "eu2000", "eaw", "eu_us_mla", "eu_jp_mla", "jit_fd_2002"},
        {"ecma1959", "ecma1959_p2", "budapest", "untoc"},
    )
    assert all("GB" in bound(code, date(2020, 12, 31)) for code in left | stayed)
    assert all("GB" not in bound(code, date(2021, 1, 1)) for code in left)
    assert all("GB" in bound(code, date(2021, 1, 1)) for code in stayed | {"eu_uk_tca"})


def test_the_conventions_have_the_size_they_have():
    sizes = {code: len(service.get(code).parties) for code in ("ecma1959", "ecma1959_p1", "ecma1959_p2", "budapest")}
    assert sizes == {"ecma1959": 50, "ecma1959_p1": 44, "ecma1959_p2": 43, "budapest": 81}
    assert bound("budapest", date(2004, 7, 1)) == {"AL", "EE", "HR", "HU", "LT"}
    assert len(bound("budapest", date(2019, 12, 1))) == 64  # the 64 of September 2019, Peru the last of them
    assert [len(bound("budapest", date(2024, month, 1))) for month in (10, 11)] == [75, 76]
    assert [len(bound("budapest", date(2025, month, 1))) for month in (4, 5, 10, 12)] == [77, 78, 80, 81]
    assert bound("ecma1959_p1") <= bound("ecma1959")
    assert bound("ecma1959_p2") <= bound("ecma1959")
    assert bound("ecma1959") >= UNION
    assert bound("ecma1959") - {"CL", "IL", "KR", "RU"} >= UNION | {"GB", "CH", "NO", "IS", "TR", "UA"}


def test_what_is_not_in_force_says_who_ratified():
    waiting = {i.code: {r.country for r in i.ratified} for i in INSTRUMENTS if not i.in_force}
    assert waiting == {"budapest_p2": {"JP", "RS", "HU"}, "un_cybercrime_2024": set()}


def test_pairs_are_pairs_of_countries_named_once():
    pairs = service.get("bilateral_mlat").pairs
    assert len({pair.countries for pair in pairs}) == len(pairs) >= 20
    assert all(len(pair.countries) == 2 for pair in pairs)
    assert {country for pair in pairs for country in pair.countries} <= codelists.load("countries").codes
    assert {next(iter(p.countries - {"US"})) for p in pairs if "US" in p.countries} >= UNION | {"GB", "JP", "CA"}


def test_the_instruments_of_grounds_are_instruments():
    for name in ("mla_refusal_grounds", "postponement_grounds", "emergency_grounds"):
        assert all(set(item.extra.get("instruments", ())) <= set(service.codes()) for item in codelists.load(name).items)


def test_the_instruments_of_legal_bases_of_teams_are_instruments_for_teams():
    bases = {item.code: item.extra.get("instrument") for item in codelists.load("jit_legal_bases").items}
    assert all("jit_setup" in service.get(code).kinds for code in bases.values() if code)
    assert {code for code, instrument in bases.items() if instrument is None} == {"naples2_art24", "pcc_see_art27", "bilateral"}


@pytest.mark.parametrize(
    ("code", "outside"),
    [("eu2000", {"CH", "GR", "US"}), ("jit_fd_2002", {"CH", "US"}), ("ecma1959_p2", {"GR", "US"}), ("eu_us_mla", {"CH"}),
     ("untoc", set()), ("uncac", set())],
)  # fmt: skip
def test_a_country_is_outside_of_what_is_known_whole(code, outside):
    assert set(service.unbound(code, ["CH", "GR", "NL", "US"], TODAY)) == outside


def test_a_country_is_outside_before_its_day_and_after_it():
    assert service.unbound("eu2000", ["GB", "IT"], date(2018, 2, 21)) == ["IT"]
    assert service.unbound("eu2000", ["GB", "IT"], date(2021, 1, 1)) == ["GB"]
    assert service.unbound("untoc", ["JP", "IR"], date(2017, 8, 9)) == ["JP"]


def test_instruments_are_listed_for_a_country(world):
    caller = world.as_("analyst")
    assert [item["code"] for item in caller.get("/instruments").json["items"]] == list(service.codes())
    danish = {item["code"] for item in caller.get("/instruments?country=DK").json["items"]}
    assert "eio" not in danish
    assert {"eu2000", "ecma1959", "budapest", "reciprocity", "bilateral_mlat"} <= danish
    assert caller.get("/instruments?country=EU").status_code == 422


def test_an_instrument_is_shown_with_its_parties_and_source(world):
    shown = world.as_("analyst").get("/instruments/ecma1959").json
    assert shown["version"] == "2026-12"
    assert len(shown["parties"]) == 50
    albania = next(party for party in shown["parties"] if party["country"] == "AL")
    assert albania["in_force_from"] == "2000-07-03"
    assert albania["reservations"][0]["article"] == "Art. 5(1)"
    assert world.as_("analyst").get("/instruments/bilateral_mlat").json["pairs"][0]["countries"] == ["AR", "US"]
    assert world.as_("analyst").get("/instruments/eio").json["outside"][0]["country"] == "DK"


def test_there_is_no_other_instrument(world):
    assert world.as_("analyst").get("/instruments/handshake").status_code == 404


def test_the_inter_american_convention_binds_those_who_deposited_with_the_organization():
    """By the table of the depositary (A-55); the Czech Republic deposited on 17 October 2019, thirty days before 16 November."""
    assert bound("nassau1992") >= {"CZ", "KZ", "SR", "UA", "US", "CA", "BR"}
    assert "DO" not in bound("nassau1992")
    assert "CZ" not in bound("nassau1992", date(2019, 11, 15))
    assert "CZ" in bound("nassau1992", date(2019, 11, 16))


def test_the_convention_of_the_portuguese_speaking_countries_says_for_what_the_act_must_be_punishable():
    scope = service.get("cplp_mla").scope
    assert "six months" in scope.text
    assert scope.article.endswith("Art. 2")
