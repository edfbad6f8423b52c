"""Codelists: complete, sourced, in four languages."""

from pathlib import Path

import pytest

from coopapi.access import Function, Level, Purpose, Role
from coopapi.directory import codelists
from coopapi.identifiers.kinds import KINDS

LANGUAGES = {"en", "fr", "es", "pt"}
BEYOND_PART_TWO = {
    "md5", "sha1", "sha256", "sha512", "domain", "onion", "pgp_fingerprint", "tx_hash", "xmr_address", "i2p", "cybertip", "infohash",
    "magnet", "ed2k", "tth", "file_name", "public_key", "as_number",
}  # fmt: skip
OF_MATERIAL = {"icse_series", "pdq", "photodna", "tmk", "iscc"}


@pytest.mark.parametrize("name", codelists.names())
def test_a_codelist_has_its_source_and_four_languages(name):
    found = codelists.load(name)
    assert found.source
    assert set(found.title) == LANGUAGES
    assert all(set(item.labels) == LANGUAGES and all(item.labels.values()) for item in found.items)
    assert len(found.codes) == len(found.items)
    if name != "listed_offences":  # it quotes the lists of official forms, which are sent in the words of the law
        assert "child pornography" not in str(found.items).lower()


def test_what_the_code_names_is_what_the_lists_name():
    assert codelists.load("roles").codes == set(Role)
    assert codelists.load("functions").codes == set(Function)
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
    lists = codelists.load("roles").items + codelists.load("functions").items
    described = [item.extra["description"] for item in lists]
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
        ("urgency_levels", ["routine", "urgent", "emergency"]),
        ("data_categories", ["subscriber", "identify_user_only", "traffic", "content"]),
        ("proceeding_types", ["criminal", "administrative", "judicial_infringement", "legal_person"]),
        (
            "security_levels",
            ["unencrypted", "transport_encrypted", "end_to_end_encrypted", "qualified_signature", "classified_network"],
        ),
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


def test_intrusive_measures_are_those_that_need_a_judge():
    intrusive = {item.code for item in codelists.load("measures").items if item.extra["intrusive"]}
    assert intrusive == {
        "content",
        "search_seizure",
        "real_time_traffic",
        "interception",
        "bank_monitoring",
        "covert",
        "controlled_delivery",
        "freezing",
        "sampling",
    }


def test_kinds_and_measures_are_kept_apart():
    kinds, measures = codelists.load("request_kinds"), codelists.load("measures")
    assert (len(kinds.items), len(measures.items)) == (18, 20)
    assert kinds.codes & measures.codes == {"preservation"}
    assert all(item.article for item in (*kinds.items, *measures.items))
    assert {item.code for item in kinds.items if item.group == "tracked"} == {
        "extradition",
        "eaw",
        "transfer_of_proceedings",
        "jit_setup",
    }


def test_an_emergency_has_a_listed_ground_and_urgent_is_none():
    grounds = codelists.load("emergency_grounds")
    assert "ongoing_child_abuse" in grounds.codes
    assert not grounds.codes & codelists.load("urgency_levels").codes
    assert all(item.article for item in grounds.items)


def test_what_comes_by_police_or_contact_points_is_no_evidence():
    channels = codelists.load("channels").items
    assert {item.code for item in channels if not item.extra["judicial"]} == {
        "art35_24_7",
        "g7_24_7",
        "interpol_i247",
        "europol_siena",
        "police_to_police",
        "spontaneous",
    }
    assert {item.extra["security"] for item in channels} <= codelists.load("security_levels").codes


def test_grounds_of_refusal_cite_their_article_and_their_instruments():
    grounds = {item.code: item for item in codelists.load("mla_refusal_grounds").items}
    assert all(item.article and item.extra["instruments"] for code, item in grounds.items() if code != "none_stated")
    letters = {item.article[-2] for item in grounds.values() if "2014/41/EU Art. 11(1)" in item.article}
    assert letters == set("abcdefgh")
    assert {item.article[-2] for item in grounds.values() if "2023/1543 Art. 12(1)" in item.article} == set("abcd")
    budapest = {code for code, item in grounds.items() if "Art. 27(4)" in item.article}
    assert budapest == {"political_offence", "sovereignty", "security", "ordre_public", "essential_interests"}
    assert not {code for code in grounds if "secrecy" in code or "data_protection" in code}


def test_some_grounds_are_not_for_the_measures_that_must_always_be_there():
    grounds = {item.code: item.extra for item in codelists.load("mla_refusal_grounds").items}
    never = {"information_held", "hearing", "identification"}
    assert {code for code, extra in grounds.items() if set(extra.get("not_for", ())) == never} == {
        "eio_dual_criminality",
        "eio_measure_restricted",
        "eio_no_alternative_measure",
    }
    named = {code for extra in grounds.values() for code in (*extra.get("not_for", ()), *extra.get("measures", ()))}
    assert named <= codelists.load("measures").codes


def test_consultation_before_refusal_is_where_the_law_wants_it():
    grounds = {item.article: item.extra.get("consult_first", False) for item in codelists.load("mla_refusal_grounds").items}
    order = {article[-2]: first for article, first in grounds.items() if "2014/41/EU Art. 11(1)" in article}
    assert {letter for letter, first in order.items() if first} == set("abdef")


def test_the_user_is_told_late_on_the_five_grounds_of_the_law():
    articles = [item.article for item in codelists.load("user_notification_grounds").items]
    assert articles == [f"Directive (EU) 2016/680 Art. 13(3)({letter})" for letter in "abcde"]


def test_what_a_codelist_says_beside_labels_is_shown_also_when_it_is_no(world):
    shown = {item["code"]: item for item in world.as_("analyst").get("/codelists/measures").json["items"]}
    assert (shown["content"]["intrusive"], shown["hearing"]["intrusive"]) == (True, False)
    channels = {item["code"]: item for item in world.as_("analyst").get("/codelists/channels").json["items"]}
    assert (channels["europol_siena"]["judicial"], channels["europol_siena"]["security"]) == (False, "classified_network")
    grounds = {item["code"]: item for item in world.as_("analyst").get("/codelists/mla_refusal_grounds").json["items"]}
    assert grounds["eio_dual_criminality"]["instruments"] == ["eio"]


def test_an_unknown_list_is_not_looked_for_on_the_disk():
    with pytest.raises(codelists.UnknownCodelist):
        codelists.load("../data/countries")


def test_there_is_no_other_list(world):
    assert world.as_("analyst").get("/codelists/nonsense").status_code == 404
    shown = world.as_("analyst").get("/codelists/countries").json
    assert next(item for item in shown["items"] if item["code"] == "GR")["aliases"] == ["EL"]
    assert set(world.as_("analyst").get("/codelists").json["items"]) == set(codelists.names())


def test_the_languages_are_listed_in_one_place():
    written = [
        path for path in Path(codelists.__file__).parents[1].rglob("*.py") if '("en", "fr", "es", "pt")' in path.read_text("utf-8")
    ]
    assert written == [Path(codelists.__file__)]


def test_french_labels_have_typographic_apostrophes():
    every = [(name, item.code, item.labels["fr"]) for name in codelists.names() for item in codelists.load(name).items]
    assert [one for one in every if "'" in one[2]] == []


def test_an_office_and_a_recall_have_their_words():
    said = {item.code: item.labels for name in ("timeline_sentences", "worklist_titles") for item in codelists.load(name).items}
    assert [code for code, labels in said.items() if "ministério público" in labels["pt"]] == []
    assert {code for code, labels in said.items() if code.endswith(".recall") and "révoqué" not in labels["fr"]} == set()
