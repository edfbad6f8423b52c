"""Codelists: complete, sourced, in four languages."""

import pytest

from coopapi.access import Level, Purpose, Role
from coopapi.directory import codelists

LANGUAGES = {"en", "fr", "es", "pt"}


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


def test_kosovo_and_palestine_bear_their_footnotes():
    notes = {item.code: item.footnote for item in codelists.load("countries").items if item.footnote}
    assert notes.keys() == {"XK", "PS"}
    assert all(set(note) == LANGUAGES for note in notes.values())


def test_aliases_stand_for_their_country():
    countries = codelists.load("countries")
    assert (countries.canonical("EL"), countries.canonical("UK")) == ("GR", "GB")
    assert len(countries.items) == 250
    with pytest.raises(KeyError):
        countries.canonical("EU")


def test_annex_i_has_thirty_forms_of_crime():
    assert sum(item.group == "annex_i" for item in codelists.load("crime_categories").items) == 30


def test_there_is_no_other_list(world):
    assert world.as_("analyst").get("/codelists/nonsense").status_code == 404
    shown = world.as_("analyst").get("/codelists/countries").json
    assert next(item for item in shown["items"] if item["code"] == "GR")["aliases"] == ["EL"]
    assert set(world.as_("analyst").get("/codelists").json["items"]) == set(codelists.names())
