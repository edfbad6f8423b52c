"""Saved searches: kept for oneself, told once of what is new, with the rights of that moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from putting_off import rounds

from coopapi.search import indexing, models
from coopapi.search.models import SavedSearch
from coopapi.store.putting_off import Batch


def saved(world, who, q="heron", **more):
    made = world.as_(who).post("/saved-searches", {"name": "Herons", "q": q, **more})
    assert made.status_code == 201, made.json
    return made.json


def told(world, who):
    items = world.as_(who).get("/events?limit=200").json["items"]
    return [(item["object_id"], item["detail"]["found"]) for item in items if item["action"] == "search.found"]


def test_what_is_new_is_told_to_the_owner_alone_and_once(world):
    world.case("investigator", "NL-0", title="heron")
    one = saved(world, "investigator")
    assert told(world, "investigator") == []
    case = world.case("colleague", "NL-1", title="Another heron")
    world.case("colleague", "NL-2", title="An owl")
    world.case("foreign", "FR-1", title="heron")
    assert told(world, "investigator") == [(one["id"], case)]
    assert told(world, "colleague") == told(world, "foreign") == told(world, "prosecutor") == []
    (event,) = [e for e in world.as_("investigator").get("/events?limit=200").json["items"] if e["action"] == "search.found"]
    assert event["detail"] == {"kind": "case", "found": case}
    me = world.as_("investigator")
    etag = me.get(f"/cases/{case}").headers["ETag"]
    me.patch(f"/cases/{case}", {"title": "heron again"}, If_Match=etag)
    assert told(world, "investigator") == [(one["id"], case)]


def test_what_becomes_visible_later_is_new_and_what_matches_later_is_told(world):
    case = world.case("foreign", "FR-1", title="heron")
    one = saved(world, "investigator")
    grant = {"authority_id": world.authorities["nl"], "level": "read", "reason": "R"}
    assert world.as_("foreign").post(f"/cases/{case}/access", grant).status_code == 201
    assert told(world, "investigator") == [(one["id"], case)]
    later = world.case("investigator", "NL-1", title="owl")
    me = world.as_("investigator")
    me.patch(f"/cases/{later}", {"title": "heron"}, If_Match=me.get(f"/cases/{later}").headers["ETag"])
    assert told(world, "investigator") == [(one["id"], case), (one["id"], later)]


def change(world, who, case, **more):
    me = world.as_(who)
    assert me.patch(f"/cases/{case}", more, If_Match=me.get(f"/cases/{case}").headers["ETag"]).status_code == 200


def test_what_was_seen_before_and_matches_now_for_the_first_time_is_told_once(world):
    owl, heron = world.case("investigator", "NL-1", title="owl"), world.case("investigator", "NL-2", title="heron")
    titled, ended = saved(world, "investigator"), saved(world, "colleague", "owl", state="open")
    assert told(world, "investigator") == []
    change(world, "investigator", heron, title="heron again")
    assert told(world, "investigator") == [], "it was found when the search was saved"
    change(world, "investigator", owl, title="owl and heron")
    assert told(world, "investigator") == [(titled["id"], owl)]
    assert told(world, "colleague") == []
    me = world.as_("investigator")
    opened = me.post(f"/cases/{owl}/transitions", {"event": "open"}, If_Match=me.get(f"/cases/{owl}").headers["ETag"])
    assert opened.status_code == 200, opened.json
    assert told(world, "colleague") == [(ended["id"], owl)]
    change(world, "investigator", heron, title="wren")
    change(world, "investigator", heron, title="heron")
    assert told(world, "investigator") == [(titled["id"], owl)]


def test_what_changes_without_its_words_is_not_compared(world, owner):
    case = world.case("investigator", "NL-1", title="owl")
    saved(world, "investigator")
    change(world, "investigator", case, siena_reference="S-1")
    with owner.cursor() as cursor:
        cursor.execute("insert into search_queue (object_id) values (%s)", (case,))
        indexing.index(world.app.extensions["coopapi"].database, Batch("words"))
        cursor.execute("select count(*) from saved_search_checks")
        assert cursor.fetchone() == (0,)


def test_filters_and_roles_are_those_of_the_search(world):
    by_country = saved(world, "investigator", country="RO", kind="case")
    analyst = saved(world, "analyst")
    one, two = world.case("investigator", title="heron"), world.case("investigator", title="heron", countries=["RO"])
    assert told(world, "investigator") == [(by_country["id"], two)]
    assert told(world, "analyst") == [(analyst["id"], one), (analyst["id"], two)]


def test_access_that_ended_before_the_worker_looked_tells_nothing(world, database, owner):
    saved(world, "romanian")
    case = world.case("investigator", title="heron")
    with owner.cursor() as cursor:
        cursor.execute("insert into search_places values (%s, %s, now())", (world.authorities["ro"], case))
        cursor.execute(
            "insert into search_words select %s, word, object_id, field from search_words where object_id = %s and place = %s",
            (world.authorities["ro"], case, world.authorities["nl"]),
        )
        cursor.execute("insert into saved_search_checks (search_id, object_id) select id, %s from saved_searches", (case,))
    indexing.compare_saved(database, Batch("searches"))
    assert told(world, "romanian") == []
    with owner.cursor() as cursor:
        cursor.execute("select count(*) from saved_search_checks")
        assert cursor.fetchone()[0] == 0


def test_an_owner_who_lost_the_role_is_told_nothing(world, database, owner):
    saved(world, "investigator")
    with owner.cursor() as cursor:
        cursor.execute("update principals set roles = '{analyst}' where id = %s", (world.people["investigator"],))
    world.case("colleague", title="heron")
    assert told(world, "investigator") == []


def test_workers_at_the_same_time_tell_once(world, database, owner):
    one = saved(world, "investigator")
    cases = [world.case("investigator", title="heron") for _ in range(3)]
    with owner.cursor() as cursor:
        cursor.execute("delete from saved_search_finds")
        cursor.execute(
            "insert into saved_search_checks (search_id, object_id) select id, c from saved_searches, unnest(%s::uuid[]) c",
            (cases,),
        )
        cursor.execute("insert into search_queue (object_id) select unnest(%s::uuid[])", (cases * 3,))
    before = len(told(world, "investigator"))
    with ThreadPoolExecutor(4) as pool:
        tasks = ((indexing.compare_saved, "searches"), (indexing.index, "words"))
        list(pool.map(lambda n: tasks[n % 2][0](database, Batch(tasks[n % 2][1])), range(8)))
    assert before == 3
    assert told(world, "investigator")[3:] == [(one["id"], case) for case in cases]


def test_an_inactive_search_is_silent_and_its_name_and_text_are_sealed(world, owner):
    one = saved(world, "investigator", q="heron of the reeds")
    path, me = f"/saved-searches/{one['id']}", world.as_("investigator")
    changed = me.patch(path, {"active": False, "name": "Later"}, If_Match=f'"{one["etag"]}"')
    assert (changed.status_code, changed.json["name"], changed.json["q"]) == (200, "Later", "heron of the reeds")
    world.case("investigator", title="heron of the reeds")
    assert told(world, "investigator") == []
    assert me.patch(path, {"active": True}, If_Match=f'"{one["etag"]}"').status_code == 412
    with owner.cursor() as cursor:
        cursor.execute("select sealed from saved_searches")
        assert b"reeds" not in bytes(cursor.fetchone()[0])


def test_saved_searches_are_for_their_owner_alone(world):
    one = saved(world, "investigator")
    assert [item["id"] for item in world.as_("investigator").get("/saved-searches").json["items"]] == [one["id"]]
    for who in ("colleague", "prosecutor", "foreign"):
        assert world.as_(who).get("/saved-searches").json["items"] == []
        assert world.as_(who).get(f"/saved-searches/{one['id']}").status_code == 404
        assert world.as_(who).patch(f"/saved-searches/{one['id']}", {"active": False}, If_Match='"v1"').status_code == 404
    assert world.as_("auditor").get("/saved-searches").status_code == 403


def test_there_is_a_limit_also_for_requests_at_the_same_time(world, monkeypatch):
    monkeypatch.setattr("coopapi.search.saved.MOST_SAVED", 3)
    callers = [world.as_("investigator") for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        codes = sorted(pool.map(lambda c: c.post("/saved-searches", {"name": "N", "q": "heron"}).status_code, callers))
    assert codes == [201] * 3 + [409] * 3
    me = world.as_("investigator")
    first, *_ = me.get("/saved-searches").json["items"]
    assert me.patch(f"/saved-searches/{first['id']}", {"active": False}, If_Match=f'"{first["etag"]}"').status_code == 200
    assert me.post("/saved-searches", {"name": "N", "q": "heron"}).status_code == 201
    again = me.get(f"/saved-searches/{first['id']}").json
    assert me.patch(f"/saved-searches/{first['id']}", {"active": True}, If_Match=f'"{again["etag"]}"').status_code == 409
    assert models.MOST_SAVED == 50
    assert SavedSearch.__kind__ == "savedsearch"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"q": "x"}, "/name"),
        ({"name": "N"}, "/q"),
        ({"name": "N", "q": "--"}, "/q"),
        ({"name": "N", "q": "x", "person": {}}, "/person"),
        ({"name": "N", "q": "x", "identifier": {"kind": "email", "value": "x@example.org"}}, "/identifier"),
        ({"name": "N", "q": "x", "kind": "identifier"}, "/kind"),
    ],
)
def test_bad_input_is_named_and_identifiers_and_persons_are_refused(world, body, pointer):
    answer = world.as_("investigator").post("/saved-searches", body)
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, pointer)


def test_a_search_that_cannot_be_made_does_not_hold_up_the_others(world, idle, owner, monkeypatch):
    broken, well = saved(world, "investigator"), saved(world, "colleague")
    with owner.cursor() as cursor:
        cursor.execute("update saved_searches set sealed = 'x' where id = %s", (broken["id"],))
    case = world.case("investigator", title="heron")
    world.work()
    assert told(world, "colleague") == [(well["id"], case)]
    assert told(world, "investigator") == []
    find, fails = indexing._found, []

    def failing(database, search):
        if str(search.id) == well["id"] and not fails:
            fails.append(search.id)
            raise OSError
        return find(database, search)

    monkeypatch.setattr(indexing, "_found", failing)
    other = world.case("investigator", title="heron")
    assert [type(fault) for fault in rounds(idle, 4)] == [OSError]
    assert told(world, "colleague") == [(well["id"], case)]
    world.clock.forward(seconds=3)
    world.work()
    assert told(world, "colleague") == [(well["id"], case), (well["id"], other)]
    assert len(fails) == 1
