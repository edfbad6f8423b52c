"""Search by text: what finds what, in which order, on pages, and with what each reader may see."""

import pytest
from searching import found

from coopapi.ops import administration


@pytest.fixture
def cases(world):
    world.case("investigator", "NL-2026-7", title="Night Heron money trail", operation_name="Night Heron", countries=["RO"])
    world.case("investigator", "NL-2026-71", title="Café Müller", crime_categories=["swindling_fraud"])
    world.case("investigator", "NL-2025-8", title="Операция Цапля", countries=["PT"])
    world.case("foreign", "FR-26-441", title="Heron in Paris", countries=["NL"])
    return world


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NL-2026-7", ["NL-2026-7"]),
        ("NL-2026", ["NL-2026-71", "NL-2026-7"]),
        ("NL-2026-71", ["NL-2026-71"]),
        ("nl 2026 7", ["NL-2026-7"]),
        ("night heron", ["NL-2026-7"]),
        ("hero", ["NL-2026-7"]),
        ("HERON", ["NL-2026-7"]),
        ("herron trial", ["NL-2026-7"]),
        ("nihgt", ["NL-2026-7"]),
        ("cafe muller", ["NL-2026-71"]),
        ("tsaplya", ["NL-2025-8"]),
        ("Цапля", ["NL-2025-8"]),
        ("Portugal", ["NL-2025-8"]),
        ("Roumanie", ["NL-2026-7"]),
        ("fraude", ["NL-2026-71"]),
        ("registered 2025", ["NL-2025-8"]),
        ("2024", []),
        ("heron müller", []),
        ("xyzzy", []),
    ],
)
def test_words_find_cases(cases, text, expected):
    assert found(cases, "investigator", text) == expected


def test_a_reference_comes_before_a_title_and_a_whole_word_before_its_beginning(world):
    world.case("investigator", "A-1", title="owlet")
    world.case("investigator", "A-2", title="owl")
    world.case("investigator", "OWL-3")
    assert found(world, "investigator", "owl") == ["OWL-3", "A-2", "A-1"]


def test_each_finds_only_what_its_access_shows(cases):
    assert found(cases, "foreign", "heron") == ["FR-26-441"]
    assert found(cases, "romanian", "heron") == []
    assert found(cases, "desk", "heron") == ["NL-2026-7"]  # the desk of the State is shown references and titles
    assert found(cases, "desk_fr", "heron") == ["FR-26-441"]
    assert len(found(cases, "desk", "fraud")) == 1
    assert found(cases, "desk", "Portugal") == []  # further countries are for readers


def test_with_index_access_only_what_the_index_shows_is_found(world):
    case = world.case("investigator", "NL-1", title="Heron", crime_categories=["swindling_fraud"], countries=["RO"])
    grant = {"authority_id": world.authorities["ro"], "level": "index", "reason": "R"}
    assert world.as_("investigator").post(f"/cases/{case}/access", grant).status_code == 201
    assert found(world, "romanian", "heron") == found(world, "romanian", "NL-1") == found(world, "romanian", "registered") == []
    assert found(world, "romanian", "swindling") == [case]
    (item,) = world.as_("romanian").get("/search?q=fraud").json["items"]
    assert (item["reference"], item["title"], item["state"], item["countries"]) == (None, None, None, ["NL"])
    assert found(world, "romanian", "swindling", state="registered") == found(world, "romanian", "swindling", country="RO") == []
    assert found(world, "romanian", "swindling", country="NL") == [case]


def test_access_that_ends_ends_at_once_and_a_new_title_is_found(world, owner):
    case = world.case("investigator", "NL-1", title="Heron")
    grant = {"authority_id": world.authorities["ro"], "level": "read", "reason": "R", "until": "2099-01-01T00:00:00Z"}
    assert world.as_("investigator").post(f"/cases/{case}/access", grant).status_code == 201
    assert found(world, "romanian", "heron") == ["NL-1"]
    with owner.cursor() as cursor:  # past the application and the worker: the words are still there
        cursor.execute("alter table case_access disable trigger user")
        cursor.execute("update case_access set until = now() - interval '1 day' where until is not null")
        cursor.execute("alter table case_access enable trigger user")
        cursor.execute("select count(*) from search_words where place = %s and word = 'heron'", (world.authorities["ro"],))
        assert cursor.fetchone()[0] == 1
    assert found(world, "romanian", "heron") == []
    me = world.as_("investigator")
    etag = me.get(f"/cases/{case}").headers["ETag"]
    assert me.patch(f"/cases/{case}", {"title": "Bittern"}, If_Match=etag).status_code == 200
    assert (found(world, "investigator", "heron"), found(world, "investigator", "bittern")) == ([], ["NL-1"])


def test_the_handler_is_found_by_the_handlers_own_authority_but_not_by_analysts(world):
    me = world.people["investigator"]
    case = world.case("investigator", "NL-1", title="T", handler_id=me)
    world.as_("investigator").post(
        f"/cases/{case}/access", {"authority_id": world.authorities["ro"], "level": "read", "reason": "R"}
    )
    name = world.as_("investigator").get("/me").json["name"]
    assert found(world, "colleague", name) == ["NL-1"] == found(world, "desk", name)
    assert found(world, "romanian", name) == found(world, "analyst", name) == []


def stored(owner, *words):
    """Which of some words are stored, among the words and among the groups of letters."""
    with owner.cursor() as cursor:
        cursor.execute(
            "select word from search_words where word = any (%s) union select word from search_grams where word = any (%s)",
            (list(words), list(words)),
        )
        return {word for (word,) in cursor.fetchall()}


def test_words_that_nothing_has_any_more_are_not_stored(world, owner):
    """In both cases one word is changed away; the other stays while one of them has it."""
    cases = [world.case("investigator", f"NL-{number}", title="Heronwood Bitternlake") for number in (1, 2)]
    world.work()
    assert stored(owner, "heronwood", "bitternlake") == {"heronwood", "bitternlake"}
    left = [{"bitternlake", "heronwood"}, {"bitternlake"}]
    for case, expected in zip(cases, left, strict=True):
        me = world.as_("investigator")
        etag = me.get(f"/cases/{case}").headers["ETag"]
        assert me.patch(f"/cases/{case}", {"title": "Bitternlake"}, If_Match=etag).status_code == 200
        world.work()
        assert stored(owner, "heronwood", "bitternlake") == expected
    assert found(world, "investigator", "bitternlaek") == ["NL-2", "NL-1"]


@pytest.mark.parametrize("change", [{"name": "Somebody Else"}, {"active": False}], ids=["name", "left"])
def test_the_name_of_a_handler_who_is_called_otherwise_or_left_is_not_stored(world, owner, database, change):
    me = world.people["colleague"]
    administration.change(database, me, {"name": "Wilhelmina Bitternlake"})
    world.case("investigator", "NL-1", title="T", handler_id=me)
    world.work()
    assert found(world, "investigator", "bitternlake") == ["NL-1"]
    administration.change(database, me, change)
    world.work()
    assert stored(owner, "wilhelmina", "bitternlake") == set()
    assert found(world, "investigator", "bitternlake") == []
    assert found(world, "investigator", "somebody") == (["NL-1"] if "name" in change else [])


def test_filters_and_pages(world):
    for number in range(7):
        world.case("investigator", f"NL-{number}", title="Heron", countries=["RO"] if number % 2 else [])
    assert found(world, "investigator", "heron", country="RO") == ["NL-5", "NL-3", "NL-1"]
    assert found(world, "investigator", "heron", kind="request") == found(world, "investigator", "heron", state="closed") == []
    assert len(found(world, "investigator", "heron", state="registered", kind="case")) == 7
    path, seen = "/search?q=heron&limit=3", []
    while path:
        page = world.as_("investigator").get(path).json
        seen += [item["reference"] for item in page["items"]]
        path = page["next"] and f"/search?q=heron&limit=3&cursor={page['next']}"
    assert seen == [f"NL-{number}" for number in reversed(range(7))]
    cursor = world.as_("investigator").get("/search?q=heron&limit=3").json["next"]
    assert world.as_("investigator").get(f"/search?q=owl&limit=3&cursor={cursor}").status_code == 400
    assert world.as_("colleague").get(f"/search?q=heron&limit=3&cursor={cursor}").status_code == 400


def test_too_much_is_said(world, monkeypatch, owner):
    case = world.case("investigator", "NL-1", title="Heron")
    answer = world.as_("investigator").get("/search?q=heron").json
    assert answer["complete"] is True
    with owner.cursor() as cursor:
        cursor.execute("alter table search_words disable row level security")
        cursor.execute(
            "insert into search_words select place, word, gen_random_uuid(), field from search_words, generate_series(1, 1100)"
            " where object_id = %s and word = 'heron' and place = %s",
            (case, world.authorities["nl"]),
        )
        cursor.execute("alter table search_words enable row level security")
    assert world.as_("investigator").get("/search?q=heron").json["complete"] is False
    assert world.as_("investigator").get("/search?q=nl-1 heron").json["complete"] is True


@pytest.mark.parametrize(
    ("query", "pointer", "rule"),
    [
        ("", "/q", "required"),
        ("q=", "/q", "length"),
        ("q=---", "/q", "words"),
        ("q=a b c d e f g h i", "/q", "many_words"),
        (f"q={'x' * 201}", "/q", "length"),
        ("q=x&kind=subject", "/kind", "one_of"),
        ("q=x&country=XX", "/country", "codelist"),
        ("q=x&limit=0", "/limit", "range"),
        ("q=x&other=1", "/other", "unknown"),
    ],
)
def test_bad_input_is_named(world, query, pointer, rule):
    answer = world.as_("investigator").get(f"/search?{query}")
    assert answer.status_code == 422
    (error,) = answer.json["errors"]
    assert (error["parameter"] if "parameter" in error else error["pointer"]).strip("/") == pointer.strip("/"), error


@pytest.mark.parametrize(
    "text", ["%27", "a%00b", "%25", "_", "'; drop table cases; --", "\\\\", "e\u0301" * 100, "𝔥𝔢𝔯𝔬𝔫", "\ud7ff"]
)
def test_any_text_is_read_as_words(world, text):
    world.case("investigator", "NL-1", title="heron")
    assert world.as_("investigator").get(f"/search?q={text}").status_code in {200, 400, 422}


def test_the_search_is_recorded_without_its_text(world):
    world.case("investigator", "NL-1", title="heron")
    found(world, "investigator", "heron")
    (entry,) = world.as_("auditor").get("/journal?action=search.made").json["items"]
    assert (entry["consultation"], entry["detail"], entry["purpose"]) == (True, {"count": 1}, "investigation")
