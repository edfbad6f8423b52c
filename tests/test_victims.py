"""What an overlap says to those who are not cleared for victims: as if that evidence were not there."""

from test_handling import HERON, OWL, step

JAY = "jay@example.org"


def meeting(world):
    """Two cases that share an address of anybody's, and one of a victim's."""
    case, there = world.case("investigator"), world.case("foreign")
    (shared,) = world.hold("foreign", there, OWL)
    world.hold("foreign", there, HERON, subject_id=world.subject("foreign", there, "victim"))
    world.hold("investigator", case, OWL)
    (overlap,) = world.overlaps("colleague", case)
    return case, there, shared, overlap["id"]


def news(world, who):
    return [
        (e["action"].removeprefix("overlap."), e["detail"]["strength"])
        for e in world.as_(who).get("/events").json["items"]
        if "strength" in e["detail"]
    ]


def test_news_about_victims_is_for_the_cleared_alone(world):
    case, *_ = meeting(world)
    assert news(world, "colleague") == news(world, "investigator") == [("detected", "strong")]
    before = world.overlaps("colleague", case)
    world.hold("investigator", case, HERON)
    assert news(world, "colleague") == [("detected", "strong")]
    assert news(world, "investigator") == [("detected", "strong"), ("changed", "strong")]
    assert world.overlaps("colleague", case) == before
    assert world.overlaps("investigator", case)[0]["changed_at"] > before[0]["changed_at"]


def test_one_change_is_one_event_for_each_reader(world):
    case, there = world.case("investigator"), world.case("foreign")
    victim = world.subject("foreign", there, "victim")
    world.hold("foreign", there, HERON, subject_id=victim)
    world.hold("foreign", there, OWL)
    world.hold("investigator", case, HERON, OWL)
    assert news(world, "colleague") == news(world, "investigator") == [("detected", "strong")]
    assert news(world, "uncleared") == news(world, "foreign") == [("detected", "strong")]
    seen = [e["action"] for e in world.as_("auditor").get("/journal?action=overlap.detected").json["items"]]
    assert seen == ["overlap.detected"] * 2


def test_news_names_the_strength_that_the_reader_may_see(world):
    case, there = world.case("investigator"), world.case("foreign")
    victim = world.subject("foreign", there, "victim")
    world.hold("foreign", there, "8.8.77.66", kind="ip")
    world.hold("foreign", there, HERON, subject_id=victim)
    world.hold("investigator", case, HERON)
    world.hold("investigator", case, "8.8.77.66", kind="ip")
    assert news(world, "colleague") == [("detected", "weak")]
    assert news(world, "investigator")[-1] == ("changed", "strong")
    assert [o["strength"] for o in world.overlaps("colleague", case)] == ["weak"]


def test_an_overlap_that_is_about_victims_alone_by_now_is_withdrawn_to_others(world):
    case, there, shared, overlap = meeting(world)
    world.hold("investigator", case, HERON)
    path = f"/cases/{there}/identifiers/{shared}/transitions"
    world.as_("foreign").post(path, {"event": "withdraw", "reason": "inaccurate"}, If_Match='"v1"')
    assert news(world, "colleague")[-1] == ("withdrawn", "none")
    assert news(world, "investigator")[-1] == ("changed", "strong")
    shown = world.as_("colleague").get(f"/overlaps/{overlap}").json
    assert (shown["state"], shown["strength"], shown["evidence"]) == ("withdrawn", None, [])
    assert [o["id"] for o in world.as_("colleague").get("/overlaps?state=withdrawn").json["items"]] == [overlap]
    assert world.as_("investigator").get("/overlaps?state=withdrawn").json["items"] == []
    assert step(world, "colleague", overlap, "take").status_code == 409
    assert step(world, "investigator", overlap, "take").status_code == 200

    world.hold("foreign", there, JAY)
    world.hold("investigator", case, JAY)
    assert news(world, "colleague")[-1] == ("detected", "strong")


def test_what_is_judged_on_victims_evidence_alone_is_known_to_the_cleared_alone(world):
    case, there, shared, overlap = meeting(world)
    world.hold("investigator", case, HERON)
    withdrawal = {"event": "withdraw", "reason": "inaccurate"}
    world.as_("foreign").post(f"/cases/{there}/identifiers/{shared}/transitions", withdrawal, If_Match='"v1"')
    taken = step(world, "investigator", overlap, "take")
    assert (taken.status_code, taken.headers["ETag"]) == (200, f'"{taken.json["side"]["etag"]}"')

    assert world.as_("prosecutor").get(f"/overlaps/{overlap}").json["side"]["state"] == "under_verification"
    side = world.as_("colleague").get(f"/overlaps/{overlap}").json["side"]
    assert (side["state"], side["verifier_id"], side["etag"]) == ("detected", None, "v1")
    assert [e for e in world.as_("colleague").get("/events").json["items"] if e["action"] == "overlap.take"] == []
    body = {"purpose": "victim_identification", "offence": "ocsea", "items_asked": ["names"]}
    assert world.as_("investigator").post(f"/overlaps/{overlap}/disclosures", body).status_code == 201
    assert world.as_("colleague").get(f"/overlaps/{overlap}/disclosures").json["items"] == []

    world.hold("foreign", there, JAY)
    world.hold("investigator", case, JAY)
    assert step(world, "colleague", overlap, "take").json["side"]["verifier_id"] == str(world.people["colleague"])
    assert world.as_("colleague").post(f"/overlaps/{overlap}/disclosures", body).status_code == 403
    assert world.as_("colleague").post(f"/overlaps/{overlap}/disclosures", {**body, "purpose": "investigation"}).status_code == 201
    assert world.as_("prosecutor").get(f"/overlaps/{overlap}").json["side"]["verifier_id"] == str(world.people["colleague"])


def test_what_began_with_an_overlap_about_victims_names_it_to_those_who_see_it(world):
    """A request and a consultation once told the uncleared the id of an overlap that was not there for them."""
    case, there = world.case("prosecutor"), world.case("foreign")
    world.hold("prosecutor", case, HERON)
    world.hold("foreign", there, HERON, subject_id=world.subject("foreign", there, "victim"))
    (overlap,) = world.overlaps("prosecutor", case)
    here = {"case_id": case, "overlap_id": overlap["id"]}
    began = {
        "/mla-requests": {"reference": "r", "kind": "eio", "instrument": "eio", **here},
        "/jurisdiction-consultations": {"facts": "The same person", **here},
        "/meetings": {"level": "III", "title": "T", "mode": "video", "time_zone": "Europe/Paris", "origin_type": "overlap",
                      "origin_id": overlap["id"]},
    }  # fmt: skip
    assert world.as_("colleague").get(f"/overlaps/{overlap['id']}").status_code == 404
    for path, body in began.items():
        made = world.as_("prosecutor").post(path, body)
        assert made.status_code == 201, made.json
        one = f"{path}/{made.json['id']}"
        cleared, uncleared = (world.as_(who).get(one) for who in ("prosecutor", "colleague"))
        assert (cleared.status_code, uncleared.status_code) == (200, 200)
        assert overlap["id"] in cleared.text
        assert overlap["id"] not in uncleared.text
        assert '"overlap"' not in uncleared.text
        assert overlap["id"] not in world.as_("colleague").get(path).text
