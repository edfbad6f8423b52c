"""Codelists: complete, sourced, in four languages."""

import pytest

from coopapi.access import Level, Purpose, Role
from coopapi.directory import codelists
from coopapi.overlaps.kinds import KINDS

LANGUAGES = {"en", "fr", "es", "pt"}
BEYOND_PART_TWO = {"md5", "sha1", "sha256", "domain", "onion", "pgp_fingerprint", "tx_hash", "xmr_address", "i2p", "cybertip"}
OF_MATERIAL = {"icse_series", "pdq", "photodna"}


@pytest.mark.parametrize("name", codelists.names())
def test_a_codelist_has_its_source_and_four_languages(name):
    found = codelists.load(name)
    assert found.source
    assert set(found.title) == LANGUAGES
    assert all(set(item.labels) == LANGUAGES and all(item.labels.values()) for item in found.items)
    assert len(found.codes) == len(found.items)
    assert "child pornography" not in str(found.items).lower()


def test_what_the_code_names_is_what_the_lists_name():
    assert codelists.load("roles").codes == set(Role)
    assert codelists.load("purposes").codes == set(Purpose)
    assert codelists.load("access_levels").codes == {level.name.lower() for level in Level}


def test_the_kinds_have_one_list_each_way():
    kinds = [item.code for item in codelists.load("identifier_kinds").items]
    assert kinds == [item.code for item in codelists.load("kind_by_category").items] == list(KINDS)
    assert all(item.article for item in codelists.load("identifier_kinds").items)


def test_annex_ii_part_two_bounds_what_is_stored_about_others_than_suspects():
    allowed = {item.code: set(item.extra["allowed"]) for item in codelists.load("kind_by_category").items}
    everybody = codelists.load("subject_categories").codes
    assert {kind for kind, who in allowed.items() if who == {"suspect", "convicted"}} == BEYOND_PART_TWO
    assert {kind for kind, who in allowed.items() if who == {"suspect", "convicted", "victim"}} == OF_MATERIAL
    assert all(allowed[kind] == everybody for kind in allowed.keys() - BEYOND_PART_TWO - OF_MATERIAL)


def test_a_role_is_described_in_four_languages():
    described = [item.extra["description"] for item in codelists.load("roles").items]
    assert all(set(words) == LANGUAGES and all(words.values()) for words in described)


@pytest.mark.parametrize("name", ["countries", "languages", "purposes", "withdrawal_reasons"])
def test_a_long_list_is_in_the_order_of_its_codes(name):
    codes = [item.code for item in codelists.load(name).items]
    assert codes == sorted(codes)


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("visibility", ["hit_no_hit", "open_index", "hidden"]),
        ("access_levels", ["index", "read", "contribute", "own"]),
        ("handling_codes", ["H0", "H1", "H2", "H3"]),
        ("source_grading", ["A", "B", "C", "X"]),
        ("information_grading", ["1", "2", "3", "4"]),
        ("overlap_strength", ["strong", "possible", "weak"]),
    ],
)
def test_a_scale_is_in_the_order_of_its_steps(name, codes):
    assert [item.code for item in codelists.load(name).items] == codes


def test_portuguese_is_that_of_the_union():
    names = {item.code: item.labels["pt"] for item in codelists.load("countries").items}
    assert (names["CZ"], names["PL"], names["RO"], names["MK"]) == ("Chéquia", "Polónia", "Roménia", "Macedónia do Norte")


def test_disputed_and_changed_names_are_chosen_not_inherited():
    labels = {item.code: item.labels for item in codelists.load("countries").items}
    assert set(labels["TR"].values()) == {"Türkiye"}
    assert labels["MK"]["en"] == "North Macedonia"
    assert labels["TW"]["en"] == "Taiwan"
    assert set(labels["XK"].values()) == {"Kosovo*"}
    assert set(labels["PS"].values()) == {"Palestine*", "Palestina*"}


def test_a_case_is_withdrawn_for_a_mistake_and_nothing_else():
    groups = {item.code: item.group for item in codelists.load("withdrawal_reasons").items}
    assert [code for code, group in groups.items() if group == "case"] == ["filed_by_mistake"]
    assert set(groups.values()) == {"case", "identifier"}


def test_kosovo_and_palestine_bear_their_footnotes():
    notes = {item.code: item.footnote for item in codelists.load("countries").items if item.footnote}
    assert notes.keys() == {"XK", "PS"}
    assert all(set(note) == LANGUAGES and all(note.values()) for note in notes.values())
    assert "UNSCR 1244/1999" in notes["XK"]["en"]
    assert "recognition of a State of Palestine" in notes["PS"]["en"]


def test_aliases_stand_for_their_country():
    countries = codelists.load("countries")
    assert (countries.index["EL"], countries.index["UK"]) == ("GR", "GB")
    assert len(countries.items) == 250
    assert "EU" not in countries.index


def test_annex_i_has_thirty_forms_of_crime():
    assert sum(item.group == "annex_i" for item in codelists.load("crime_categories").items) == 30


def test_child_abuse_online_is_a_tag_of_our_own():
    tag = next(item for item in codelists.load("crime_categories").items if item.code == "ocsea")
    assert (tag.group, tag.article) == ("casework", "Lanzarote Convention Art. 18-23")


def test_an_unknown_list_is_not_looked_for_on_the_disk():
    with pytest.raises(codelists.UnknownCodelist):
        codelists.load("../data/countries")


def test_there_is_no_other_list(world):
    assert world.as_("analyst").get("/codelists/nonsense").status_code == 404
    shown = world.as_("analyst").get("/codelists/countries").json
    assert next(item for item in shown["items"] if item["code"] == "GR")["aliases"] == ["EL"]
    assert set(world.as_("analyst").get("/codelists").json["items"]) == set(codelists.names())
