"""A case that is opened with its subjects and identifiers in one request: all of it, or nothing."""

from coopapi.ops import abuse_controls

WHOLE = {
    "reference": "R-1",
    "title": "A case",
    "subjects": [{"pseudonym": "P1", "category": "suspect", "external_id": "S1"}, {"pseudonym": "P2", "category": "victim"}],
    "identifiers": [
        {"kind": "email", "value": "heron@example.org", "external_id": "I1", "subjects": [{"pseudonym": "p1"}]},
        {"kind": "phone", "value": "+31612345678"},
        {"kind": "person", "person": {"names": [{"full": "Night Heron"}]}, "subjects": [{"pseudonym": "P1", "basis": "fact"}]},
    ],
}


def opened(world, who="system", **more):
    return world.as_(who).post("/cases", {**WHOLE, **more})


def test_one_request_registers_all_and_its_overlap_is_found(world):
    other = world.case("romanian")
    world.hold("romanian", other, "heron@example.org")
    made = opened(world)
    assert made.status_code == 201, made.json
    me, path = world.as_("investigator"), f"/cases/{made.json['id']}"
    assert {one["pseudonym"] for one in me.get(f"{path}/subjects").json["items"]} == {"P1", "P2"}
    found = me.get(f"{path}/identifiers").json["items"]
    assert {one["kind"]: len(one["subjects"]) for one in found} == {"email": 1, "phone": 0, "person": 1}
    assert len(world.overlaps("investigator", made.json["id"])) == 1
    assert made.headers["RateLimit"]


def nothing(world, answer, status, pointer=None):
    assert answer.status_code == status, answer.json
    if pointer:
        assert {error["pointer"] for error in answer.json["errors"]} == {pointer}
    assert world.as_("system").get("/cases").json["items"] == []


def test_one_wrong_part_registers_nothing_and_the_answer_points_to_it(world, owner):
    first, *rest = WHOLE["identifiers"]
    nothing(
        world,
        opened(world, identifiers=[*rest, {**first, "subjects": [{"pseudonym": "P9"}]}]),
        422,
        "/identifiers/2/subjects/0/pseudonym",
    )
    nothing(world, opened(world, identifiers=[{**first, "value": "no address"}]), 422, "/identifiers/0/value")
    nothing(
        world,
        opened(world, identifiers=[{**first, "subjects": [{"pseudonym": "P1"}] * 2}]),
        422,
        "/identifiers/0/subjects/1/pseudonym",
    )
    nothing(world, opened(world, subjects=[WHOLE["subjects"][0]] * 2), 422, "/subjects")
    nothing(world, opened(world, identifiers=[{"kind": "email", "value": "x@example.org", "more": 1}]), 422, "/identifiers/0/more")
    quotas = [2, 100, 100, 100]
    abuse_controls.set_quota(world.app.extensions["coopapi"].database, world.authorities["nl"], quotas, None, "test")
    nothing(world, opened(world), 429)
    with owner.cursor() as cursor:
        cursor.execute("select count(*), (select coalesce(sum(used), 0) from quota_use) from registered_values")
        assert cursor.fetchone() == (0, 0)


def test_those_who_may_not_open_a_case_may_not_open_a_whole_one(world):
    for who in ("desk", "analyst", "auditor", "admin"):
        assert opened(world, who).status_code == 403


def test_repeated_with_its_key_it_is_the_same_case(world):
    first, again = (world.as_("system").post("/cases", WHOLE, Idempotency_Key="k") for _ in range(2))
    assert first.json["id"] == again.json["id"]
