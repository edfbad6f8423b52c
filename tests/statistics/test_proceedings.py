"""How far the proceedings of a case came is recorded by those who answer for it, and counted."""

import pytest
from assisting import faults

TODAY = {"reached_on": "2026-01-05"}


def record(world, who, case, **body):
    return world.as_(who).post(f"/cases/{case}/proceedings", {**TODAY, **body})


def counted(world, who, by=""):
    rows = world.as_(who).get(f"/statistics/cases{by}").json["rows"]
    return [(row["registered"], row["investigated"], row["prosecuted"], row["adjudicated"], row["convictions"]) for row in rows]


def test_a_case_counts_in_every_stage_that_it_reached(world):
    case, _ = world.case("investigator"), world.case("investigator")
    assert counted(world, "auditor") == [(2, 0, 0, 0, 0)]
    assert record(world, "investigator", case, stage="investigated", result="passed_on").status_code == 201
    made = record(world, "prosecutor", case, stage="adjudicated", result="acquittal", procedure="ordinary")
    assert made.status_code == 201, made.json
    assert counted(world, "auditor") == [(2, 1, 1, 1, 0)]
    path = f"/cases/{case}/proceedings/{made.json['id']}"
    corrected = world.as_("prosecutor").patch(path, {"result": "mixed"}, If_Match=f'"{made.json["etag"]}"')
    assert (corrected.status_code, corrected.json["result"], corrected.json["procedure"]) == (200, "mixed", "ordinary")
    assert counted(world, "auditor") == [(2, 1, 1, 1, 1)]
    listed = world.as_("analyst").get(f"/cases/{case}/proceedings").json["items"]
    assert sorted(row["stage"] for row in listed) == ["adjudicated", "investigated"]


def test_who_sees_only_the_index_is_not_told_how_far_a_case_came(world):
    case = world.case("investigator")
    record(world, "investigator", case, stage="prosecuted", result="under_way")
    assert counted(world, "desk") == [(1, 0, 0, 0, 0)]
    (row,) = world.as_("desk").get("/statistics/cases?by=stage,case_type,state").json["rows"]
    assert row["keys"] == {"stage": "not_shown", "case_type": "not_shown", "state": "registered"}
    assert world.as_("desk").get(f"/cases/{case}/proceedings").status_code == 403
    assert world.as_("foreign").get(f"/cases/{case}/proceedings").status_code == 404


def test_the_day_that_has_begun_where_the_caller_is_is_not_in_the_future(world, clock):
    clock.at("2026-12-01T22:30:00+00:00")  # half past midnight in Bucharest
    case = world.case("romanian")
    made = record(world, "romanian", case, stage="investigated", result="under_way", reached_on="2026-12-02")
    assert (made.status_code, made.json["reached_on"]) == (201, "2026-12-02")
    later = record(world, "romanian", case, stage="prosecuted", result="under_way", reached_on="2026-12-03")
    assert faults(later) == [("/reached_on", "order_of_time")]


def test_the_end_of_a_case_is_counted_and_taken_back_when_it_is_opened_again(world, clock):
    clock.at("2026-11-02T10:00:00+01:00")
    case = world.case("investigator")

    def step(event, **more):
        etag = world.as_("investigator").get(f"/cases/{case}").json["etag"]
        taken = world.as_("investigator").post(f"/cases/{case}/transitions", {"event": event, **more}, If_Match=f'"{etag}"')
        assert taken.status_code == 200, taken.json

    step("open")
    clock.forward(hours=24)
    step("close", reason="done")
    (row,) = world.as_("auditor").get("/statistics/cases").json["rows"]
    assert (row["closed"], row["under_way"], round(row["hours_to_end"]["median"])) == (1, 0, 24)
    step("reopen", reason="new evidence")
    (row,) = world.as_("auditor").get("/statistics/cases").json["rows"]
    assert (row["closed"], row["under_way"], row["hours_to_end"]) == (0, 1, None)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"stage": "investigated", "result": "conviction"}, ("/result", "result_of_stage")),
        ({"stage": "adjudicated", "result": "conviction", "reached_on": "2031-01-01"}, ("/reached_on", "order_of_time")),
        ({"stage": "dreamt", "result": "conviction"}, ("/stage", "codelist")),
        ({"stage": "adjudicated", "result": "conviction", "text": "x"}, ("/text", "unknown_field")),
    ],
)
def test_what_cannot_be_recorded_is_refused_with_its_place(world, body, fault):
    found = faults(record(world, "investigator", world.case("investigator"), **body))
    assert [pointer for pointer, _ in found] == [fault[0]]
