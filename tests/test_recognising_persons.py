"""Recognising persons: what two records have to share to be found, compared, and reported as one person."""

from collections import Counter
from itertools import permutations
from random import Random

import pytest

from coopapi.persons import score
from coopapi.persons.alignment import likeness
from coopapi.persons.births import read_birth, relation
from coopapi.persons.data import load
from coopapi.persons.families import texts
from coopapi.persons.profile import Name, profile, rarity
from coopapi.persons.record import read_person
from coopapi.persons.score import compare, fitted_levels, judge, judge_digests, ruled_out_by_dates


def person(name, born="", **more):
    return profile([Name(name)], [born] if born else [], **more)


@pytest.mark.parametrize(
    ("rare", "common"),
    [("Urubleuski", "Smith"), ("Shcherbak", "Brown"), ("Zarepur", "Garcia"), ("Щербак", "Хан")],
)
def test_a_rare_name_tells_more_than_a_common_one(rare, common):
    def scored(name):
        return judge(person(f"Adam {name}", "1984"), person(f"Adam {name}", "1984")).score

    assert rarity_of(rare) > rarity_of(common)
    assert scored(rare) > scored(common)


def rarity_of(name):
    return person(name).spellings[0][0].rarity


def test_the_table_of_rarity_names_its_sources_and_what_is_not_in_it_is_rare():
    table = load("rarity")
    assert {"surnames", "given_names", "licence"} <= table["provenance"].keys()
    assert rarity("ZVZNKTVRMT") == 1
    assert all(rarity(code) < 1 for codes in table["classes"].values() for code in codes.split())


def keys_of(who):
    """The match keys of a person: family and text, and whether the key only answers."""
    return {(group.family, text): group.answers_only for group in texts(who) for text in group.texts}


def by_digests(one, other):
    ours, theirs = keys_of(one).keys(), keys_of(other).keys()
    shared, *held = (Counter(family for family, _ in found) for found in (ours & theirs, ours, theirs))
    return judge_digests(shared, *held)


def test_digests_that_are_left_over_on_both_sides_make_one_person_less_likely():
    named = person("Anna Maria Kowalczyk", "1984")
    assert by_digests(named, named).score > by_digests(named, person("Anna Maria Wojciechowska", "1984")).score
    assert by_digests(named, named).score > by_digests(named, person("Anna Maria Kowalczyk Dobrowolska", "1984")).score


def level(one, other):
    """The level of two persons: None also if they share no key by which they are compared."""
    ours, theirs = keys_of(one), keys_of(other)
    compared = any(not (ours[key] and theirs[key]) for key in ours.keys() & theirs.keys())
    return judge(one, other).level if compared else None


COMPARED = [
    ("short whole names", "SO Ki-ha", "", "So Ki Ha", ""),
    ("short whole names in another order, one with a date", "Vo Ha Thi", "", "Thi Ha Vo", "1979-03-02"),
    ("a name of one word with a year", "Wibisono", "1966", "WIBISONO", "1966"),
    ("another form of the given name, a slip in the day", "Elena Trubnikova", "1981-04-12", "Helena Trubnikova", "1981-04-13"),
    ("another form of the given name, only the year", "Giuseppe Lombardini", "1969-02-11", "Beppe Lombardini", "1969"),
]


@pytest.mark.parametrize(
    ("name", "born", "other", "other_born"), [case[1:] for case in COMPARED], ids=[case[0] for case in COMPARED]
)
def test_what_was_never_compared_is_found(name, born, other, other_born):
    assert level(person(name, born), person(other, other_born))


def test_estimated_years_that_differ_by_one_are_compared_and_whole_dates_that_do_are_not():
    def compared(one, other):
        shared = keys_of(person("Sena Okoro", one)).keys() & keys_of(person("Sena Okoro", other)).keys()
        return {text for family, text in shared if family == "pair+year"}

    assert compared("1977", "1978")
    assert compared("1977-01-01", "1978-05-17")
    assert not compared("1977-03-02", "1978-05-17")


WRITTEN_IN_ANOTHER_WAY = [
    ("initial ayn", "Aziza Abdi 1984-05-17", "عزيزة عبدي 1984-05-17"),
    ("initial ayn, Hebrew", "Eli Ovadia 1984-05-17", "עלי עובדיה 1984-05-17"),
    ("two scripts without dates", "Karim Mansuri", "کریم منصوری"),
    ("an ending apart", "Reza Hashem Zadeh", "Reza Hashemzadeh"),
    ("an ending apart in another script", "Vahid Alipour 1980", "وحید علی پور 1980"),
    ("faith in two words", "Nasir ud Din Rahimi", "Nasiruddin Rahimi"),
    ("Mohammad in one word", "Mohammad Reza Tavakoli", "محمدرضا توکلی"),
    ("Korean given name by syllable", "PAK Myong-chol 1984", "박명철 1984"),
    ("Korean Lee, Ri", "LEE Jae-yong 1984-05-17", "이재용 1984-05-17"),
    ("Korean initial n or r", "RO Kwang-chol 1984-05-17", "노광철 1984-05-17"),
    ("Chinese family name of two syllables", "司马光 1984-05-17", "Sima Guang 1984-05-17"),
    ("Chinese family name read in its own way", "翟天明 1984-05-17", "Zhai Tianming 1984-05-17"),
    ("Belarusian u", "Pavel Ulasau 1979", "Павел Власов 1979"),
    ("titles", "Colonel Dr. Yusuf Karimov", "Юсуф Каримов"),
    ("signs for vowels, Bengali", "করিম হোসেন 1984-05-17", "Karim Hosen 1984-05-17"),
    ("signs for vowels, Hindi", "सुनील वर्मा 1984-05-17", "Sunil Varma 1984-05-17"),
    ("zero-width non-joiner", "Omid Mirzad 1984-05-17", "امید میر\u200cزاد 1984-05-17"),
    ("capitals inside a word", "Fiona MacLarran 1984-05-17", "MACLARRAN Fiona 1984-05-17"),
    ("Mac left out", "Fiona Mac Larran 1984-05-17", "MACLARRAN Fiona 1984-05-17"),
    ("particles only", "Van Do 1984-05-17", "Đỗ Văn 1984-05-17"),
    ("letters that look alike", "Ivan \u0420etrov 1984", "Ivan Petrov 1984"),
    ("errors in both words, the year alone", "Ivana Zgorelova 1989-06-03", "Iva Zgofelova 1989"),
    ("1 January for a month", "Marek Dvorsky 1986-01-01", "Marek Dvorsky 1986-07"),
    ("the first of a month for the month", "Marek Dvorsky 1986-07-01", "Marek Dvorsky 1986-07"),
    ("a date without zeros", "Marek Dvorsky 1969-7-16", "Marek Dvorsky 1969-07-16"),
    ("years that differ by one", "Sena Okorova 1977", "SENA OKOROVA 1978"),
]


def read(record):
    """A person from a name with a date of birth at its end, if there is one."""
    name, _, born = record.rpartition(" ")
    return person(name, born) if born[0].isdigit() else person(record)


@pytest.mark.parametrize(
    ("one", "other"), [case[1:] for case in WRITTEN_IN_ANOTHER_WAY], ids=[case[0] for case in WRITTEN_IN_ANOTHER_WAY]
)
def test_one_person_is_found_however_the_name_was_written_down(one, other):
    assert level(read(one), read(other))


NEVER_STRONG = [
    ("father and son", "Hasan bin Omar Saidi 1984-05-17", "Omar bin Hasan Saidi 1984-05-17"),
    ("another surname", "Ivan Petrovich Sergunin 1961-03-02", "Ivan Petrovich Garunin 1961-03-02"),
    ("1 January on both sides", "Amir Rostamian 1984-01-01", "Amir Rostamian 1984-01-01"),
    ("1 January on one side", "Amir Rostamian 1984-05-17", "Amir Rostamian 1984-01-01"),
    ("a year alone", "Amir Rostamian 1984", "Amir Rostamian 1984-05-17"),
    ("one digit of the day apart", "Milan Hodak 1965-12-17", "Milan Hodak 1965-12-15"),
]


@pytest.mark.parametrize(("one", "other"), [case[1:] for case in NEVER_STRONG], ids=[case[0] for case in NEVER_STRONG])
def test_what_does_not_tell_people_apart_is_never_strong(one, other):
    assert judge(read(one), read(other)).level in {"possible", None}
    assert judge(read("Milan Hodak 1965-12-17"), read("HODAK Milan 1965-12-17")).level == "strong"


@pytest.mark.parametrize(
    ("one", "other"),
    [("Bashir Omar Saidi 1984-05-17", "Walid Omar Saidi 1984-05-17"), ("Hasan bin Omar Saidi", "Omar bin Hasan Saidi")],
)
def test_hidden_kinship_is_said(one, other):
    assert "possible_kin" in judge(read(one), read(other)).rule
    assert "possible_kin" not in judge(read(one), read(one)).rule


def test_digests_without_dates_need_more_to_be_possible():
    undated = by_digests(person("Anna Kowalska"), person("Anna Kowalska"))
    assert undated.level in {None, "possible"}
    assert (undated.level == "possible") == (undated.score >= 0.78)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Жосеф Галлет", "Joseph Gallet"),
        ("Геннадій Лукаш", "Hennadij Lukasch"),
        ("أيمن الشمري", "Aiman Al Chammari"),
        ("معاذ القحطاني", "Muadh El Kahtani"),
        ("Амвросій Корж", "Amvrosi Korj"),
        ("Ђуро Мудри", "Đuro Mudri"),
    ],
)
def test_letters_of_two_signs_at_the_ends_of_words_are_read_whole(one, other):
    mine, theirs = (profile([Name(name)]).spellings[0] for name in (one, other))
    assert all(likeness(a, b)[0] >= 0.9 for a, b in zip(mine, theirs, strict=True))


def test_two_known_given_names_are_told_from_a_misspelt_one():
    nikita, nikon, nikita_misspelt = (
        profile([Name(f"{given} Anisimov")], ["1967-03-09"]) for given in ("Nikita", "Nikon", "Nikitta")
    )
    assert compare(nikita, nikon).names.pairs[1].other_given
    assert judge(nikita, nikon).score < judge(nikita, nikita_misspelt).score


def test_the_month_of_a_partial_date_may_be_the_day_of_a_swapped_one():
    assert relation([read_birth("1975-07-10")], [read_birth("1975-10")]) == "month_as_day"


GUESSED = [
    ("Japanese", "山本健太郎", "Yamamoto Kentaro"),
    ("Japanese with another order", "鈴木 直美", "Naomi Suzuki"),
    ("Cantonese", "梁家輝", "Leung Ka-fai"),
    ("Cantonese in simplified characters", "陈志明", "Chan Chi Ming"),
]


@pytest.mark.parametrize(("written", "read"), [case[1:] for case in GUESSED], ids=[case[0] for case in GUESSED])
def test_a_guessed_reading_is_possible_at_most(written, read):
    assert level(person(written, "1984-05-17"), person(read, "1984-05-17")) == "possible"


def test_a_guessed_reading_adds_no_text_of_one_word_with_a_date():
    """So digests alone are never strong by it."""
    families = {"word+date", "word+swap", "initial+date", "word+year"}
    guessed = {word.codes[0] for name in person("山本健太郎").spellings for word in name if word.guessed}
    texts_of_one_word = {text.split("|")[0] for family, text in keys_of(person("山本健太郎", "1984-05-17")) if family in families}
    assert guessed
    assert guessed.isdisjoint(texts_of_one_word)


READ = [
    ("Chiang Wei-kuo", "Jiang Weiguo"),
    ("Ts'ao Hsueh-ch'in", "Cao Xueqin"),
    ("Jen Chung-i", "Ren Zhongyi"),
    ("கந்தசாமி செல்வராஜ்", "Kandasamy Selvaraj"),
    ("இராமன் வெற்றிமாறன்", "Raman Vetrimaran"),
    ("စောမြင့်", "Saw Myint"),
    ("ဝင်းထွန်းအောင်", "Win Htun Aung"),
    ("ظافر الدوسري", "Dhafer Al-Dosari"),
    ("رحمت‌الله نبیل", "Rahmatullah Nabil"),
    ("Ђурђа Ђукић", "Djurdja Dukic"),
]


@pytest.mark.parametrize(("one", "other"), READ, ids=[other for _, other in READ])
def test_one_person_is_found_in_two_scripts_or_romanisations(one, other):
    assert level(person(one, "1984-05-17"), person(other, "1984-05-17"))


def test_the_table_of_readings_names_its_sources():
    assert {"japanese", "cantonese", "made_by"} <= load("readings")["provenance"].keys()


def test_who_is_left_out_because_of_the_dates_alone_matches_by_no_name():
    chance = Random(7)
    names = (
        "Zvezdana Krštić",
        "Zvezdana Krstic",
        "Anna Maria Kowalczyk",
        "Ahmad bin Hasan Al Masri",
        "Олександр Мироненко",
        "王小明",
    )
    dates = (
        "1984-05-17",
        "1984-05-18",
        "1984-05-02",
        "1984-11-23",
        "1984",
        "1984-11",
        "1984-01-01",
        "1991-05-17",
        "1985-05-17",
        "1971-03-09",
    )
    people = [
        {
            "names": [{"full": chance.choice(names)}],
            "birth_dates": chance.sample(dates, chance.randrange(3)),
            "nationalities": chance.sample(("UA", "PL"), chance.randrange(3)),
            "places": chance.sample(("Poltava", "Lublin"), chance.randrange(2)),
            "gender": chance.choice(("M", "F", "")),
        }
        for _ in range(120)
    ]
    read, levels = [read_person(one) for one in people], fitted_levels()
    found = [
        (ruled_out_by_dates(read[i], people[j], levels), judge(read[i], read[j], levels).level)
        for i, j in permutations(range(len(people)), 2)
    ]
    assert {level for left_out, level in found if left_out} == {None}
    assert {level for left_out, level in found if not left_out} == {None, "possible", "strong"}


@pytest.mark.parametrize(("mine", "theirs"), [("", "1984"), ("1984-05-06", "1985")])
def test_what_people_review_whatever_its_score_is_never_ruled_out_by_dates(monkeypatch, mine, theirs):
    monkeypatch.setattr(score, "_most", lambda _: -100.0)  # as if other weights had been fitted
    other = {"birth_dates": [theirs]}
    assert not score.ruled_out_by_dates(person("Adam Shcherbak", mine), other, fitted_levels())
    assert score.ruled_out_by_dates(person("Adam Shcherbak", "1984-05-06"), {"birth_dates": ["1950-01-02"]}, fitted_levels())
