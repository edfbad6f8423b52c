"""Identifiers are proposed from a text or a table: with their place and doubt, in linear time, and nothing is kept."""

import json
import re
import time
from pathlib import Path

import pytest

from coopapi.directory import codelists
from coopapi.identifiers.extracting.finder import DOUBTS, MOST, MOST_WORK, Finder
from coopapi.identifiers.extracting.labels import named_by
from coopapi.identifiers.extracting.shapes import SHAPES
from coopapi.identifiers.extracting.tables import find_in_table
from coopapi.identifiers.extracting.texts import find_in_text
from coopapi.identifiers.kinds import KINDS
from coopapi.identifiers.proposals import MOST_TO_EXTRACT

DOC = (Path(__file__).parents[1] / "docs" / "identifiers.md").read_text()


def found_in(text, country="NL"):
    finder = Finder(country)
    find_in_text(finder, text)
    assert all(text[found.start : found.end] == found.value for found in finder.found)
    return finder.found


def one(text):
    (found,) = found_in(text)
    return found.kind, found.value, found.doubt


@pytest.mark.parametrize(
    ("text", "kind", "value", "doubt"),
    [
        ("Mail (night.heron@example.org).", "email", "night.heron@example.org", ()),
        ("at heron [at] mail [dot] example today", "email", "heron [at] mail [dot] example", ()),
        ("call +31 6 8765 4321!", "phone", "+31 6 8765 4321", ()),
        ("Tel.: 06-12345678", "phone", "06-12345678", ("assumed_country",)),
        ("see hxxps://board[.]example/thread/7#post3, page 2", "url", "hxxps://board[.]example/thread/7#post3", ()),
        ("(https://www.instagram.com/night.heron/)", "username", "https://www.instagram.com/night.heron/", ()),
        ("join https://t.me/+AbCdEfGhIjK0aQ", "group", "https://t.me/+AbCdEfGhIjK0aQ", ()),
        ("IMEI 1: 49 015420 323751 8", "imei", "49 015420 323751 8", ()),
        ("seen 490154203237518 once", "imei", "490154203237518", ("several_kinds",)),
        ("IMSI 204046620123456;", "imsi", "204046620123456", ("label_only",)),
        ("MAC 00-1B-63-84-45-E6", "mac", "00-1B-63-84-45-E6", ()),
        ("from 8.8.77[.]66 then", "ip", "8.8.77[.]66", ("no_time",)),
        ("2026-03-02 20:14:09 UTC 8.8.77.66:50712 GET", "ip", "2026-03-02 20:14:09 UTC 8.8.77.66:50712", ()),
        ("IBAN DE89 3704 0044 0532 0130 00 AND MORE", "iban", "DE89 3704 0044 0532 0130 00", ()),
        ("to bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4.", "btc_address", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", ()),
        ("0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0a img.jpg", "md5", "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0a", ("several_kinds",)),
        ("MD5: 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0a", "md5", "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0a", ()),
        ("Reisepass Nr. XR1234567", "passport", "XR1234567", ("label_only", "assumed_country")),
        ("Kik: night.heron42 (active)", "kik", "night.heron42", ("label_only",)),
        ("@blue.egret on Instagram", "username", "@blue.egret", ()),
        ("ask @blue.egret now", "username", "@blue.egret", ("needs_platform",)),
        ("profil u/night_heron", "username", "u/night_heron", ()),
        ("CyberTip Nr. 123456789", "cybertip", "123456789", ("label_only",)),
        ("forum night-heron.nl is down", "domain", "night-heron.nl", ("bare_domain",)),
        ("forum night-heron[.]example is down", "domain", "night-heron[.]example", ()),
        ("jabber: heron@jabber.example", "xmpp", "heron@jabber.example", ()),
        ("31612345678@s.whatsapp.net", "whatsapp", "31612345678@s.whatsapp.net", ()),
        ("Card 411111******1111", "card", "411111******1111", ()),
        ("Téléphone :\u00a0+33\u00a06\u00a012\u00a034\u00a056\u00a078", "phone", "+33\u00a06\u00a012\u00a034\u00a056\u00a078", ()),
    ],
)
def test_a_value_is_found_in_a_sentence_with_its_place_and_doubt(text, kind, value, doubt):
    assert one(text) == (kind, value, doubt)


@pytest.mark.parametrize(
    "text",
    [
        "Jan Jansen, born on 1 January 1980 in Utrecht, met Zoë de Vries.",
        "Total 1.234,56 on 2026-01-02 at 20:14:09, see page 12/34 of notes.py.",
        "IMEI 490154203237519 and IBAN DE88 3704 0044 0532 0130 00 are mistyped.",
        "card 4111 1111 1111 1111",
        "", " \n\t", "@", "a@", "http://", "::", "tel:",
    ],
)  # fmt: skip
def test_names_dates_amounts_and_wrong_check_digits_are_not_proposed(text):
    assert found_in(text) == []


def test_a_value_is_proposed_once_at_its_first_place():
    text = "heron@example.org, HERON@example.org and owl@example.org"
    assert [(f.value, f.start) for f in found_in(text)] == [("heron@example.org", 0), ("owl@example.org", text.index("owl"))]


def test_the_form_of_every_kind_without_a_word_in_front_is_known_or_needs_the_word():
    """Every example of a kind is found: by its form, or behind the label of the codelist."""
    lost = []
    labels = {item.code: item.labels["en"] for item in codelists.load("identifier_kinds").items}
    for kind, known in KINDS.items():
        if kind in {"person", "payment_handle"}:  # a link to a payment service is proposed as the account there, which it meets
            continue
        kinds = {f.kind for f in found_in(f"{labels[kind]}: {known.example}\n") + found_in(f"{kind}: {known.example}\n")}
        if kind not in kinds:
            lost.append((kind, kinds))
    assert lost == []


def rows_of(header, *rows):
    finder = Finder("NL")
    find_in_table(finder, rows, [named_by(title) for title in header])
    return [(f.kind, f.value, f.row, f.column, f.doubt) for f in finder.found]


def test_a_column_is_read_as_the_kind_that_its_header_names_in_the_main_languages():
    header = ["Naam", "Telefoon verdachte", "Adresse IP", "Zeitstempel", "Nom d'utilisateur", "Plateforme", "Opmerking"]
    row = ["Jan Jansen", "0612345678", "8.8.77.66", "2026-03-02 20:14:09 UTC", "night.heron", "Instagram", "mail: owl@example.org"]
    assert rows_of(header, row) == [
        ("phone", "0612345678", 0, 1, ("assumed_country",)),
        ("ip", "8.8.77.66", 0, 2, ()),
        ("username", "night.heron", 0, 4, ()),
        ("email", "owl@example.org", 0, 6, ()),
    ]


def test_a_cell_with_several_values_gives_each_and_an_unreadable_one_is_told():
    assert rows_of(["E-Mail"], ["a@example.org; b@example.org"], [" "], ["nobody"]) == [
        ("email", "a@example.org", 0, 0, ()),
        ("email", "b@example.org", 0, 0, ()),
        ("email", "nobody", 2, 0, ("unreadable",)),
    ]


HOSTILE = ["@", "1", "9 ", ".", "[", "[.]", "(", ")", "a.", "a@", "1.1.1.1 ", "1.", "::", "a:", "tel:", "tel ", "imei: 1 ", "http://", "-",
           "+", "0x", "f", "ffff ", "1/2/", "(1", "a[.]", "a [dot] ", "a[at]", "a AT b DOT ", "2026-03-02 20:14:09 UTC ", "'", "*", "bc1",
           "1A", "u/a", "İ", "\u00a0", "\n", "a\n", "hash: ", "@a:b", "411111", "\u0301", "é", "user: a ", "Aa1", "AB12 "]  # fmt: skip


def spent(text):
    """The least CPU time of two searches, in seconds."""
    found = []
    for _ in range(2):
        begun = time.thread_time()
        finder = Finder("NL")
        find_in_text(finder, text)
        found.append(time.thread_time() - begun)
        assert finder.spent <= MOST_WORK + 2 * Finder.READING * len(KINDS)
    return min(found)


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_text_is_searched_in_the_time_of_its_length(unit):
    """Sixteen times the text costs about sixteen times as much; in the square it would be 256 times."""
    short, long = ((unit * size)[:size] for size in (4_096, 65_536))
    assert spent(long) < 64 * max(0.002, spent(short))


def test_the_longest_hostile_text_costs_as_much_as_the_limit_of_work_allows():
    for unit in ("9 ", "tel:", "1.1.1.1 "):
        finder = Finder("NL")
        find_in_text(finder, (unit * MOST_TO_EXTRACT)[:MOST_TO_EXTRACT])
        assert finder.full


def test_no_pattern_can_repeat_without_bound():
    unbounded = re.compile(r"(?<!\\)[*+](?!\])")
    for shape in SHAPES:
        bare = re.sub(r"\[(?:\\.|[^\]\\])*\]", "", shape.pattern.pattern)
        assert not unbounded.search(bare), bare
    assert all(unbounded.search(bad) for bad in ("a+", "(?:a)*"))


def test_the_work_for_different_values_is_bounded():
    ends = "".join(f"a{n}@b{n}.1 " for n in range(30_000))[:MOST_TO_EXTRACT]
    finder = Finder("NL")
    find_in_text(finder, ends)
    assert (finder.found, finder.full) == ([], True)


def ask(world, case, who="investigator", **body):
    return world.as_(who).post(f"/cases/{case}/identifiers/extract", body)


def proposals(answer):
    assert answer.status_code == 200, answer.json
    return answer.json["proposals"]


def test_what_is_proposed_can_be_sent_back_as_it_is(world):
    case = world.case("investigator")
    text = "Bel 06 12345678, mail heron@example.org, @egret on Instagram, paspoort XR1234567, 2026-03-02 20:14:09Z 8.8.77.66"
    made = proposals(ask(world, case, text=text))
    assert [p["kind"] for p in made] == ["phone", "email", "username", "passport", "ip"]
    assert {p["already_in_case"] for p in made} == {False}
    items = [{name: p[name] for name in ("kind", "value", "context")} for p in made]
    assert world.as_("investigator").post(f"/cases/{case}/identifiers", {"identifiers": items}).status_code == 201
    again = proposals(ask(world, case, text=text))
    assert [p["already_in_case"] for p in again] == [True] * 5
    assert [{**p, "already_in_case": False} for p in again] == made


def test_a_table_is_read_with_row_and_column(world):
    case = world.case("investigator")
    made = proposals(
        ask(world, case, header=["Username", "Platform", "Seen", "IP"],
            rows=[["night.heron", "Discord", "2026-03-02T20:14:09Z", "8.8.77.66"], [None, "", "", ""]])
    )  # fmt: skip
    assert [(p["kind"], p["row"], p["column"]) for p in made] == [("username", 0, 0), ("ip", 0, 3)]
    assert made[0]["context"] == {"platform": "Discord"}


def test_only_the_own_case_is_looked_at(world):
    mine, theirs = world.case("investigator"), world.case("foreign")
    world.hold("foreign", theirs, "heron@example.org")
    (withdrawn,) = world.hold("investigator", mine, "gone@example.org")
    path = f"/cases/{mine}/identifiers/{withdrawn}/transitions"
    assert world.as_("investigator").post(path, {"event": "withdraw", "reason": "inaccurate"}, If_Match='"v1"').status_code == 200
    world.hold("investigator", mine, "owl@example.org")
    text = "heron@example.org gone@example.org owl@example.org"
    assert [p["already_in_case"] for p in proposals(ask(world, mine, text=text))] == [False, False, True]


def counts(owner):
    with owner.cursor() as cursor:
        cursor.execute(
            "select (select count(*) from journal_entries), (select count(*) from identifiers), (select count(*) from idempotency_keys),"
            " (select count(*) from registered_values), (select count(*) from quota_use)"
        )
        return cursor.fetchone()


def test_nothing_is_stored_recorded_logged_or_replayed(world, owner, caplog):
    case = world.case("investigator")
    before = counts(owner)
    caplog.set_level("INFO")
    first = world.as_("investigator").post(f"/cases/{case}/identifiers/extract", {"text": "heron@example.org"}, Idempotency_Key="k")
    other = world.as_("investigator").post(f"/cases/{case}/identifiers/extract", {"text": "owl@example.org"}, Idempotency_Key="k")
    assert [p["value"] for p in proposals(first) + proposals(other)] == ["heron@example.org", "owl@example.org"]
    assert first.headers["Cache-Control"] == "no-store"
    assert counts(owner) == before
    assert "heron" not in " ".join(json.dumps(record.__dict__, default=str) for record in caplog.records)


@pytest.mark.parametrize(
    ("body", "status", "rule"),
    [
        ({}, 422, "exactly_one"), ({"text": "a", "rows": []}, 422, "exactly_one"), ({"text": "a", "header": []}, 422, "exactly_one"),
        ({"text": 1}, 422, None), ({"rows": [[1]]}, 422, None), ({"rows": "a"}, 422, None), ({"rows": [["a"] * 201]}, 422, "length"),
        ({"text": "see data:image/png;base64,iVBORw0KGgo="}, 422, "words_only"),
        ({"rows": [["data:video/mp4;base64,AAAA"]]}, 422, "words_only"), ({"text": "a", "more": 1}, 422, None),
        ({"text": "a" * (MOST_TO_EXTRACT - 12)}, 200, None), ({"text": "a" * MOST_TO_EXTRACT}, 413, None),
    ],
)  # fmt: skip
def test_what_is_no_text_is_refused(world, body, status, rule):
    answer = ask(world, world.case("investigator"), **body)
    assert answer.status_code == status, answer.json
    assert rule is None or rule in {error["rule"] for error in answer.json["errors"]}


def test_it_needs_the_right_to_add_to_the_case(world):
    case = world.case("investigator")
    give = {"authority_id": str(world.authorities["fr"]), "level": "read", "reason": "because"}
    assert ask(world, case, "foreign", text="a").status_code == 404
    assert world.as_("investigator").post(f"/cases/{case}/access", give).status_code == 201
    assert ask(world, case, "foreign", text="a").status_code == 403
    assert ask(world, case, "analyst", text="a").status_code == 403


def test_at_most_500_are_proposed_and_the_answer_says_so(world):
    case = world.case("investigator")
    whole = " ".join(f"heron{n}@example.org" for n in range(MOST))
    answers = [ask(world, case, text=text).json for text in (whole, f"{whole} owl@example.org")]
    assert [(len(a["proposals"]), a["truncated"]) for a in answers] == [(MOST, False), (MOST, True)]


def test_every_doubt_is_documented():
    for code, words in DOUBTS.items():
        assert f"| `{code}` | {words} |" in DOC, code


def table_after(mark):
    rows = DOC.split(f"<!-- extract: {mark} -->\n")[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_the_page_in_the_documentation_is_read_as_it_says(world):
    page = DOC.split("<!-- extract: page -->\n```text\n")[1].split("```")[0]
    made = proposals(ask(world, world.case("investigator"), text=page))
    told = [(kind.strip("`"), value.strip("`"), re.findall("[a-z_]+", doubt)) for kind, value, doubt in table_after("found")]
    assert [(p["kind"], p["value"], p["doubt"]) for p in made] == told
    for text, _why in table_after("not found"):
        place = page.index(text.strip("`"))
        assert not any(p["start"] <= place < p["end"] for p in made), text
