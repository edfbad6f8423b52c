"""Persons: one human being in two spellings, found across countries, explained, and never shown to the other side."""

import json

import pytest
from click.testing import CliRunner

from coopapi.ops.cli import commands
from coopapi.ops.digests import digest_person, keys_for_an_authority

ALEKSANDR = {"names": [{"full": "Александр Мироненко"}], "birth_dates": ["1984-05-17"], "gender": "M", "nationalities": ["UA"]}
OLEKSANDR = {"names": [{"given": "Oleksandr", "family": "Myronenko"}], "birth_dates": ["1984-05-17"], "gender": "M"}


def add(world, who, case, person, category="suspect", **more):
    subject = world.subject(who, case, category)
    body = {"identifiers": [{"kind": "person", "person": person, "subjects": [{"id": subject}], **more}]}
    return world.as_(who).post(f"/cases/{case}/identifiers", body)


def meet(world, one, other, category="suspect"):
    """Two countries register a person each; what the first of them sees."""
    case, there = world.case("investigator"), world.case("foreign")
    assert add(world, "investigator", case, one, category).status_code == 201
    assert add(world, "foreign", there, other).status_code == 201
    return world.overlaps("investigator", case)


def test_a_person_in_another_script_is_found_and_the_rule_is_told_in_words(world):
    (overlap,) = meet(world, ALEKSANDR, OLEKSANDR)

    (evidence,) = overlap["evidence"]
    assert overlap["strength"] == "strong"
    assert evidence["why"] == "same sound in another script, same date of birth"
    assert evidence["value"] == "Александр Мироненко"
    assert "Myronenko" not in json.dumps(overlap)


def test_without_a_date_of_birth_nothing_is_strong(world):
    nameless = {**ALEKSANDR, "birth_dates": []}
    (overlap,) = meet(world, {"names": ALEKSANDR["names"], "gender": "M"}, nameless)

    assert overlap["strength"] == "possible"
    assert overlap["evidence"][0]["rule"][1] == "unknown"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Dmytro Shcherbak", "Dima Chtcherbak"),
        ("محمد الخوري", "Mohamed Al-Khoury"),
        ("Χρήστος Μπαλτζής", "Christos Baltzis"),
        ("Qiao Li Juan", "LiJuan Qiao"),
        ("王小明", "Wang Xiaoming"),
        ("გიორგი ბერიძე", "Giorgi Beridze"),
        ("Pieters van der Maes Bart", "Bart PietersvanderMaes"),
    ],
)
def test_spellings_of_many_scripts_meet(world, one, other):
    born = {"birth_dates": ["1979-03-02"], "gender": "M"}
    assert meet(world, {"names": [{"full": one}], **born}, {"names": [{"full": other}], **born})


@pytest.mark.parametrize(
    "other",
    [
        {"names": [{"full": "Andrii Myronenko"}], "birth_dates": ["1984-05-17"], "gender": "M"},
        {"names": [{"full": "Oleksandr Myronenko"}], "birth_dates": ["1961-11-30"], "gender": "M"},
        {"names": [{"full": "Olga Petrova"}], "birth_dates": ["1984-05-17"], "gender": "F"},
    ],
)
def test_a_twin_a_namesake_and_a_stranger_born_that_day_are_not_strong(world, other):
    assert all(overlap["strength"] != "strong" for overlap in meet(world, ALEKSANDR, other))


def test_every_date_and_every_name_a_person_used_finds_them(world):
    several = {
        "names": [{"full": "Jan Nowak"}, {"full": "Oleksandr Myronenko", "type": "alias"}],
        "birth_dates": ["1990-01-01", "1984-05-17"],
        "gender": "M",
    }
    (overlap,) = meet(world, ALEKSANDR, several)
    assert overlap["strength"] == "strong"


def test_withdrawing_and_correcting_a_person_moves_the_overlap(world):
    case, there = world.case("investigator"), world.case("foreign")
    made = add(world, "investigator", case, ALEKSANDR).json["identifiers"][0]
    add(world, "foreign", there, OLEKSANDR)
    (before,) = world.overlaps("investigator", case)

    path = f"/cases/{case}/identifiers/{made['id']}"
    me = world.as_("investigator")
    other = {"names": [{"full": "Olga Petrova"}], "birth_dates": ["1970-01-09"]}
    changed = me.patch(path, {"person": other}, If_Match='"v1"')
    assert changed.json["person"] == other
    assert world.overlaps("investigator", case) == []
    changed = me.patch(path, {"person": ALEKSANDR}, If_Match=changed.headers["ETag"])
    assert [o["id"] for o in world.overlaps("investigator", case)] == [before["id"]]
    me.post(f"{path}/transitions", {"event": "withdraw", "reason": "inaccurate"}, If_Match=changed.headers["ETag"])
    assert world.overlaps("foreign", there) == []


def test_a_victim_is_found_by_the_cleared_alone(world):
    assert meet(world, ALEKSANDR, OLEKSANDR, "victim")
    assert world.overlaps("colleague") == []
    assert world.overlaps("uncleared") == []


def test_a_hidden_persons_overlap_is_its_owners_alone(world):
    case, there = world.case("investigator", visibility="hidden"), world.case("foreign")
    add(world, "investigator", case, ALEKSANDR)
    add(world, "foreign", there, OLEKSANDR)
    assert len(world.overlaps("investigator", case)) == 1
    assert world.overlaps("foreign", there) == []


@pytest.mark.parametrize(
    ("person", "pointer"),
    [
        ({"names": []}, "/identifiers/0/person/names"),
        ({"names": [{"full": "12 -"}]}, "/identifiers/0/person/names"),
        ({"names": [{"type": "alias"}]}, "/identifiers/0/person/names/0/full"),
        ({**ALEKSANDR, "birth_dates": ["1984-13-01"]}, "/identifiers/0/person/birth_dates/0"),
        ({**ALEKSANDR, "birth_dates": ["1984-05", "2984"]}, "/identifiers/0/person/birth_dates/1"),
        ({**ALEKSANDR, "birth_dates": ["0000"]}, "/identifiers/0/person/birth_dates/0"),
        ({**ALEKSANDR, "photo": "aGVyb24="}, "/identifiers/0/person/photo"),
    ],
)
def test_a_person_that_cannot_be_is_refused_with_a_pointer_and_without_its_name(world, person, pointer):
    refused = add(world, "investigator", world.case("investigator"), person)
    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"] == pointer
    assert "Heron" not in refused.text


def test_one_word_without_a_date_is_kept_with_a_warning(world):
    case, there = world.case("investigator"), world.case("foreign")
    kept = add(world, "investigator", case, {"names": [{"full": "Heron"}]})
    assert (kept.status_code, kept.json["identifiers"][0]["warnings"][0]["code"]) == (201, "name_alone")
    add(world, "foreign", there, {"names": [{"full": "Heron"}]})
    assert world.overlaps("investigator", case) == []


def test_a_person_belongs_to_a_subject_and_is_no_mere_text(world):
    me, case = world.as_("investigator"), world.case("investigator")
    for item in (
        {"kind": "person", "person": ALEKSANDR},
        {"kind": "person", "value": "Jan"},
        {"kind": "email", "person": ALEKSANDR},
    ):
        assert me.post(f"/cases/{case}/identifiers", {"identifiers": [item]}).status_code == 422


def test_digests_alone_find_a_person_and_no_name_is_stored(world, keys):
    case, there = world.case("investigator"), world.case("foreign")
    add(world, "investigator", case, ALEKSANDR)
    subject = world.subject("foreign", there)
    item = {"kind": "person", "digests": digest_person(OLEKSANDR, keys_for_an_authority(keys)), "subjects": [{"id": subject}]}
    made = world.as_("foreign").post(f"/cases/{there}/identifiers", {"identifiers": [item]})
    assert made.status_code == 201, made.json
    assert made.json["identifiers"][0]["value"] is None

    (overlap,) = world.overlaps("foreign", there)
    assert overlap["strength"] in {"possible", "strong"}
    assert overlap["evidence"][0]["why"] == "keyed digests in common, names not seen"


def test_the_digesting_command_makes_what_the_register_takes(keys, tmp_path):
    given = tmp_path / "k1.json"
    given.write_text(json.dumps(keys_for_an_authority(keys)))
    people = tmp_path / "people.ndjson"
    people.write_text(json.dumps(OLEKSANDR) + "\n")
    made = CliRunner().invoke(commands, ["digest", str(people), "--keys", str(given)])
    assert json.loads(made.output)["digests"] == digest_person(OLEKSANDR, keys_for_an_authority(keys))


def test_what_was_compared_is_in_the_journal_with_its_count(world):
    meet(world, ALEKSANDR, OLEKSANDR)
    found = world.as_("auditor_fr").get("/journal?action=identifiers.compared").json["items"]
    (there,) = world.as_("foreign").get("/cases").json["items"]
    assert [entry["detail"] for entry in found] == [{"count": 1, "cases": {there["id"]: 1}}]


def test_how_many_were_compared_does_not_tell_the_officer_of_a_hidden_person(world):
    add(world, "foreign", world.case("foreign", visibility="hidden"), OLEKSANDR)
    add(world, "investigator", (case := world.case("investigator")), ALEKSANDR)
    for path in (f"/cases/{case}/timeline", f"/cases/{case}/consultations", "/events"):
        assert "compared" not in world.as_("investigator").get(path).text


PDQ = "d8f8f0cce0f4a84f" * 4


def test_two_picture_hashes_a_few_bits_apart_possibly_are_of_one_picture(world):
    case, there = world.case("investigator"), world.case("foreign")
    world.hold("investigator", case, PDQ, kind="pdq")
    world.hold("foreign", there, f"{int(PDQ, 16) ^ 0b10110111:064x}", kind="pdq")
    (overlap,) = world.overlaps("investigator", case)
    assert (overlap["strength"], overlap["evidence"][0]["why"]) == ("possible", "picture hashes that differ in few bits")
    assert overlap["evidence"][0]["score"] == round(1 - 6 / 256, 4)


def test_picture_hashes_far_apart_do_not_meet_even_where_a_band_is_equal(world):
    case = world.case("investigator")
    world.hold("investigator", case, PDQ, kind="pdq")
    world.hold("foreign", world.case("foreign"), f"{int(PDQ, 16) ^ (1 << 40) - 1:064x}", kind="pdq")
    assert world.overlaps("investigator", case) == []


def test_an_account_named_as_a_kind_of_its_own_meets_the_username_on_that_platform(world):
    case = world.case("investigator")
    world.hold("investigator", case, "https://t.me/Night_Heron", kind="telegram")
    world.hold("foreign", world.case("foreign"), "night_heron@telegram", kind="username")
    (overlap,) = world.overlaps("investigator", case)
    assert (overlap["strength"], overlap["kinds"]) == ("strong", ["telegram", "username"])


def test_a_person_too_many_are_named_like_is_listed_with_their_count(world):
    common = {"names": [{"full": "Johan Jansen"}]}
    cases = [world.case("investigator") for _ in range(6)]
    for case in cases:
        add(world, "investigator", case, common)
    assert world.overlaps("investigator", cases[0]) == []
    (hot,) = world.as_("investigator").get(f"/cases/{cases[0]}/overlaps/high-frequency").json["items"]
    assert (hot["kind"], hot["holders"], hot["value"]) == ("person", 6, "Johan Jansen")
