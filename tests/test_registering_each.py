"""Bulk registration with `on_error: each`: valid items are stored, and for each other item the response gives the reason."""

import pytest
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from coopapi.store.rows import as_stored

GOOD = {"kind": "email", "value": "heron@example.org"}
OTHER = {"kind": "email", "value": "owl@example.org"}
WRONG = {"kind": "iban", "value": "DE88 3704 0044 0532 0130 00"}
MISSHAPEN = {"kind": "no such kind", "value": "x", "more": 1}


def send(world, case, *items, who="investigator", on_error="each", **headers):
    return world.as_(who).post(f"/cases/{case}/identifiers", {"on_error": on_error, "identifiers": list(items)}, **headers)


def outcomes(answer):
    assert answer.status_code == 200, answer.json
    return [one["outcome"] for one in answer.json["results"]]


def values(world, case):
    return {item["value"] for item in world.as_("investigator").get(f"/cases/{case}/identifiers").json["items"]}


def test_what_is_right_is_stored_and_the_others_are_refused_in_their_order(world):
    case = world.case("investigator")
    world.hold("investigator", case, OTHER["value"])
    answer = send(world, case, WRONG, GOOD, MISSHAPEN, OTHER, GOOD, "no object", {**GOOD, "subjects": [{"id": case}]})
    assert outcomes(answer) == ["refused", "stored", "refused", "existing", "existing", "refused", "refused"]
    results = answer.json["results"]
    pointers = [{e["pointer"] for e in one["problem"]["errors"]} if one["problem"] else None for one in results]
    assert pointers == [{"/identifiers/0/value"}, None, {"/identifiers/2/kind", "/identifiers/2/more"}, None, None, {"/identifiers/5"},
                        {"/identifiers/6/subjects/0/id"}]  # fmt: skip
    assert {one["problem"]["type"] for one in results if one["problem"]} == {"/problems/impossible-identifier"}
    assert {one["problem"]["status"] for one in results if one["problem"]} == {422}
    assert results[1]["id"] == results[4]["id"] == results[1]["item"]["id"]
    assert results[0]["id"] is results[0]["item"] is None
    assert values(world, case) == {GOOD["value"], OTHER["value"]}


@pytest.mark.parametrize("on_error", ["all", None])
def test_without_it_one_wrong_value_stores_nothing(world, on_error):
    case = world.case("investigator")
    body = {"identifiers": [GOOD, WRONG], **({"on_error": on_error} if on_error else {})}
    answer = world.as_("investigator").post(f"/cases/{case}/identifiers", body)
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/impossible-identifiers")
    assert values(world, case) == set()


def test_a_replay_answers_the_same_bytes(world):
    case = world.case("investigator")
    first, again = (send(world, case, GOOD, WRONG, MISSHAPEN, GOOD, OTHER, Idempotency_Key="k") for _ in range(2))
    assert outcomes(first) == ["stored", "refused", "refused", "existing", "stored"]
    assert again.get_data() == first.get_data()
    assert outcomes(send(world, case, WRONG, Idempotency_Key="none")) == ["refused"]
    assert outcomes(send(world, case, WRONG, Idempotency_Key="none")) == ["refused"]
    assert send(world, case, GOOD, on_error="all", Idempotency_Key="k").json["type"] == "/problems/key-reused"


def test_a_replay_shows_nothing_to_those_who_lost_access(world):
    case = world.case("investigator")
    give = {"authority_id": str(world.authorities["fr"]), "level": "contribute", "reason": "because"}
    grant = world.as_("investigator").post(f"/cases/{case}/access", give).json
    assert outcomes(send(world, case, GOOD, WRONG, who="foreign", Idempotency_Key="k")) == ["stored", "refused"]
    end = f"/cases/{case}/access/{grant['id']}/transitions"
    ended = world.as_("investigator").post(end, {"event": "withdraw", "reason": "done"}, If_Match=f'"{grant["etag"]}"')
    assert ended.status_code == 200
    assert send(world, case, GOOD, WRONG, who="foreign", Idempotency_Key="k").status_code == 404


def test_what_is_stored_is_matched_counted_and_told_as_before(world):
    mine, theirs = world.case("investigator"), world.case("foreign")
    world.hold("foreign", theirs, GOOD["value"])
    answer = send(world, mine, GOOD, WRONG, OTHER, Prefer="wait=5")
    assert outcomes(answer) == ["stored", "refused", "stored"]
    assert "settled" in answer.json
    assert "RateLimit" in answer.headers
    world.work()
    assert len(world.overlaps("investigator", mine)) == 1
    events = [e for e in world.as_("investigator").get("/events").json["items"] if e["action"] == "identifiers.registered"]
    assert [e["detail"]["count"] for e in events] == [2]


def test_a_short_answer_has_the_ids_alone(world):
    case = world.case("investigator")
    answer = send(world, case, GOOD, WRONG, Prefer="return=minimal")
    assert answer.headers["Preference-Applied"] == "return=minimal"
    assert [(one["outcome"], one["id"] is None, one["item"]) for one in answer.json["results"]] == [
        ("stored", False, None),
        ("refused", True, None),
    ]


@pytest.mark.parametrize("items", [[], "x", [GOOD] * 1001])
def test_the_list_itself_is_checked_as_a_whole(world, items):
    case = world.case("investigator")
    body = {"on_error": "each", "identifiers": items}
    assert world.as_("investigator").post(f"/cases/{case}/identifiers", body).status_code == 422


def test_a_refusal_tells_nothing_of_the_value(world):
    answer = send(
        world, world.case("investigator"), WRONG, {"kind": "email", "value": "secret heron"}, {"kind": "secretheron", "value": "a"}
    )
    assert "heron" not in answer.get_data(as_text=True)


def test_the_first_row_that_a_process_makes_can_be_a_stored_one():
    """SQLAlchemy prepares the columns of its classes at the first row that is made in the usual way, which may come later."""

    class Base(DeclarativeBase):
        pass

    class Thing(Base):
        __tablename__ = "things"
        id: Mapped[int] = mapped_column(primary_key=True)

    assert as_stored(Thing, {"id": 7}).id == 7
