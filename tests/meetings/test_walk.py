"""From an overlap to agreed minutes, as desks and prosecutors of three countries and Europol."""

import pytest
from gathering import agree, answer, guest, held, hours, minuted, overlap, place, proposed, read, scheduled, step


def test_a_meeting_is_walked_from_an_overlap_to_its_close(world):
    case, other, found = overlap(world)
    meeting = proposed(world, origin=("overlap", found))
    seen = read(world, "desk", meeting)
    assert (seen["state"], seen["side"], seen["countries"]) == ("proposed", "host", ["FR", "NL", "RO"])
    assert seen["reference"].startswith("CM-")

    polled = step(world, "desk", meeting, "poll", options=[hours(world, 24, 27), hours(world, 48, 51)])
    assert (polled.status_code, polled.json["state"]) == (200, "dates_polled")
    options = world.as_("prosecutor_fr").get(f"/meetings/{meeting}/options").json["items"]
    for who, said in (("prosecutor_fr", ("no", "yes")), ("prosecutor_ro", ("maybe", "yes")), ("europol", ("yes", "yes"))):
        answers = [{"option_id": o["id"], "answer": a} for o, a in zip(options, said, strict=True)]
        assert world.as_(who).post(f"/meetings/{meeting}/answers", {"answers": answers}).status_code == 200
    second = world.as_("desk").get(f"/meetings/{meeting}/options").json["items"][1]
    assert [a["answer"] for a in second["answers"]] == ["yes"] * 3
    for who, authority in (("prosecutor_fr", "fr"), ("prosecutor_ro", "ro"), ("europol", "europol")):
        assert answer(world, who, meeting, authority).status_code == 200
    set_ = step(world, "desk", meeting, "schedule", option_id=second["id"])
    assert set_.status_code == 200, set_.json
    assert (set_.json["state"], set_.json["starts_at"][:16]) == ("scheduled", second["starts_at"][:16])

    early = step(world, "desk", meeting, "hold")
    assert (early.status_code, early.json["type"]) == (409, "/problems/not-begun-yet")
    world.clock.forward(hours=52)
    assert step(world, "desk", meeting, "hold").json["state"] == "held"
    for who, country in (("desk", "NL"), ("prosecutor_fr", "FR"), ("prosecutor_ro", "RO")):
        body = {"country": country, "text": f"{country} searches on the same day."}
        assert world.as_(who).post(f"/meetings/{meeting}/conclusions", body).status_code == 201
    concluded = world.as_("europol").get(f"/meetings/{meeting}/conclusions").json["items"]
    assert [c["country"] for c in concluded] == ["FR", "NL", "RO"]

    written = minuted(world, meeting)
    named = {str(world.authorities[who]) for who in ("nl", "fr", "ro")}
    assert set(written.json["awaited"]) == named
    assert agree(world, "prosecutor_fr", meeting).json["state"] == "held"
    assert agree(world, "prosecutor_ro", meeting).json["state"] == "held"
    assert agree(world, "europol", meeting).json["type"] == "/problems/nothing-to-agree"
    assert agree(world, "prosecutor", meeting).json["state"] == "minutes_agreed"
    assert step(world, "desk", meeting, "close").json["state"] == "closed"

    told = [e["type"] for e in world.as_("prosecutor").get(f"/cases/{case}/timeline").json["items"]]
    assert [a for a in told if a.startswith("meeting.")][:3] == [
        "meeting.close",
        "meeting.agree",
        "meeting.agree",
    ]
    there = [e["type"] for e in world.as_("prosecutor_ro").get(f"/cases/{other}/timeline").json["items"]]
    assert not [a for a in there if a.startswith("meeting.")]
    events = {e["action"] for e in world.as_("prosecutor_ro").get("/events?limit=200").json["items"]}
    assert {"meeting.proposed", "meeting.schedule", "meeting.close"} <= events


def test_other_minutes_are_agreed_to_anew(world):
    meeting = world.once(held)
    minuted(world, meeting)
    agree(world, "prosecutor_fr", meeting)

    again = minuted(world, meeting, "Two days, not one.")

    assert len(again.json["awaited"]) == 3
    assert place(world, "desk", meeting, "fr")["agreed_at"] is None


def test_whoever_agrees_has_read_the_newest_minutes(world):
    meeting = world.once(held)
    minuted(world, meeting)
    old = read(world, "prosecutor_fr", meeting)["etag"]
    minuted(world, meeting, "Two days, not one.")

    stale = world.as_("prosecutor_fr").post(f"/meetings/{meeting}/transitions", {"event": "agree"}, If_Match=f'"{old}"')

    assert stale.status_code == 412


def test_only_the_host_moves_invites_and_writes(world):
    meeting = world.once(scheduled)
    tag = f'"{read(world, "prosecutor_fr", meeting)["etag"]}"'
    me = world.as_("prosecutor_fr")

    refused = [
        me.post(f"/meetings/{meeting}/transitions", {"event": "cancel", "reason": "R"}, If_Match=tag),
        me.patch(f"/meetings/{meeting}", {"title": "Mine"}, If_Match=tag),
        me.post(f"/meetings/{meeting}/participants", guest(world, "us", "central_authority")),
        me.post(f"/meetings/{meeting}/minutes", {"text": "Mine"}, If_Match=tag),
        answer(world, "prosecutor_fr", meeting, "ro", "remove", reason="R"),
        answer(world, "prosecutor_fr", meeting, "ro", "decline", reason="R"),
    ]

    assert [r.status_code for r in refused] == [403] * 6
    assert me.get(f"/meetings/{meeting}/transitions").json["allowed"] == []


def test_what_a_caller_may_do_is_told_to_each(world):
    meeting = world.once(held)

    def may(who):
        return [m["event"] for m in world.as_(who).get(f"/meetings/{meeting}/transitions").json["allowed"]]

    assert [may(who) for who in ("desk", "prosecutor_fr", "europol")] == [[], [], []]
    minuted(world, meeting)
    assert [may(who) for who in ("desk", "prosecutor_fr", "europol")] == [[], ["agree"], []]
    for who in ("prosecutor_fr", "prosecutor_ro", "prosecutor"):
        agree(world, who, meeting)
    assert [may(who) for who in ("desk", "prosecutor_fr", "europol")] == [["close"], [], []]


def test_each_country_concludes_and_undertakes_for_itself(world):
    meeting = world.once(held)
    me = world.as_("prosecutor_fr")

    conclusion = me.post(f"/meetings/{meeting}/conclusions", {"country": "RO", "text": "T"})
    action = me.post(f"/meetings/{meeting}/actions", {"owner": str(world.authorities["ro"]), "due_on": "2099-01-01", "text": "T"})
    outside = world.as_("desk").post(f"/meetings/{meeting}/conclusions", {"country": "ES", "text": "T"})

    assert (conclusion.status_code, action.status_code, outside.status_code) == (403, 403, 422)


@pytest.mark.parametrize(
    ("level", "guests", "rule"),
    [("II", ("fr",), "desks_only"), ("bilateral", ("fr", "ro"), "bilateral")],
)
def test_a_level_says_who_sits_at_the_table(world, level, guests, rule):
    case = world.case("prosecutor")
    invited = [guest(world, who, "prosecutor") for who in guests]
    body = {"level": level, "origin_type": "case", "origin_id": case, "title": "T", "mode": "video", "time_zone": "Europe/Paris"}

    refused = world.as_("desk").post("/meetings", {**body, "participants": invited})

    assert (refused.status_code, refused.json["errors"][0]["rule"]) == (422, rule)


@pytest.mark.parametrize(
    ("more", "rule"), [({"level": "II"}, "desks_only"), ({"level": "bilateral", "countries": ["NL", "FR", "RO"]}, "bilateral")]
)
def test_a_prosecutor_proposes_no_meeting_of_desks_and_no_crowd_for_two(world, more, rule):
    case = world.case("prosecutor")
    body = {"origin_type": "case", "origin_id": case, "title": "T", "mode": "video", "time_zone": "Europe/Paris", **more}

    refused = world.as_("prosecutor").post("/meetings", body)

    assert (refused.status_code, refused.json["errors"][0]["rule"]) == (422, rule)


def test_a_desk_convenes_from_the_index_and_desks_meet_at_level_two(world):
    meeting = proposed(world, by="desk", origin=("case", world.case("prosecutor")), guests=("desk_fr", "europol"), level="II")

    assert read(world, "desk_fr", meeting)["side"] == "invited"
    assert read(world, "desk_fr", meeting)["origin_id"] is None
    assert read(world, "desk", meeting)["origin_id"]


@pytest.mark.parametrize("kind", ["case", "overlap", "request"])
def test_nobody_convenes_from_what_it_does_not_see(world, kind):
    from assisting import draft

    origin = {"case": lambda: world.case("romanian"), "overlap": lambda: overlap(world)[2], "request": lambda: draft(world)}[kind]()
    body = {"level": "III", "origin_type": kind, "origin_id": origin, "title": "T", "mode": "video", "time_zone": "Europe/Paris"}

    assert world.as_("prosecutor_fr").post("/meetings", body).status_code == 404


def test_a_request_is_an_origin_too(world):
    from assisting import sent

    meeting = proposed(world, origin=("request", sent(world)))

    assert read(world, "prosecutor_fr", meeting)["origin_id"]
    assert read(world, "prosecutor_ro", meeting)["origin_id"] is None


@pytest.mark.parametrize("zone", ["CET", "Mars/Olympus", "Etc/UTC", ""])
def test_a_time_zone_is_named_by_its_place(world, zone):
    body = {"level": "III", "origin_type": "case", "origin_id": world.case("prosecutor"), "title": "T", "mode": "video"}

    assert world.as_("prosecutor").post("/meetings", {**body, "time_zone": zone}).status_code == 422


def test_the_lists_are_filtered(world):
    first, second = scheduled(world), proposed(world, level="coordination_centre")
    me = world.as_("desk")

    def found(query):
        return [m["id"] for m in me.get(f"/meetings?{query}").json["items"]]

    assert found("") == [second, first]
    assert found("upcoming=true") == [first]
    assert found("level=coordination_centre&country=RO&side=host") == [second]
    assert found("state=held") == []
    assert found("side=invited") == []


def test_what_is_said_is_sealed(world, owner):
    meeting = world.once(held)
    minuted(world, meeting)
    world.as_("desk").post(f"/meetings/{meeting}/conclusions", {"country": "NL", "text": "Canary heron"})
    with owner.cursor() as cursor:
        cursor.execute("select m::text || c::text || p::text from meetings m, meeting_conclusions c, meeting_participants p")
        everything = " ".join(row[0] for row in cursor.fetchall())
        cursor.execute("select detail::text from journal_entries where action like 'meeting.%%'")
        everything += " ".join(row[0] for row in cursor.fetchall())

    assert not [word for word in ("Heron", "heron", "Wren", "room Owl", "agreed on one day") if word in everything]


def test_an_invitation_sent_twice_is_one(world):
    meeting = world.once(proposed)
    again = world.as_("desk").post(f"/meetings/{meeting}/participants", guest(world, "fr", "prosecutor"))

    assert (again.status_code, again.json["type"]) == (409, "/problems/takes-part-already")


def test_whoever_said_nothing_has_not_agreed(world):
    meeting = scheduled_with_one_silent(world)
    minuted(world, meeting)
    for who in ("prosecutor", "prosecutor_fr"):
        assert agree(world, who, meeting).status_code == 200
    assert read(world, "desk", meeting)["state"] == "held"
    assert answer(world, "desk", meeting, "fr", "remove", reason="R").status_code == 409
    assert answer(world, "desk", meeting, "ro", "remove", reason="Did not come").status_code == 200
    assert read(world, "desk", meeting)["state"] == "minutes_agreed"


def test_who_came_without_answering_still_answers_and_agrees(world):
    meeting = scheduled_with_one_silent(world)
    early = world.as_("prosecutor_ro").post(f"/meetings/{meeting}/conclusions", {"country": "RO", "text": "T"})
    assert (early.status_code, early.json["type"]) == (403, "/problems/not-at-the-table")
    minuted(world, meeting)
    assert answer(world, "prosecutor_ro", meeting, "ro").status_code == 200
    for who in ("prosecutor", "prosecutor_fr", "prosecutor_ro"):
        assert read(world, "desk", meeting)["state"] == "held"
        assert agree(world, who, meeting).status_code == 200
    assert read(world, "desk", meeting)["state"] == "minutes_agreed"


def scheduled_with_one_silent(world):
    """Held; the Romanians never answered."""
    meeting = proposed(world)
    assert answer(world, "prosecutor_fr", meeting, "fr").status_code == 200
    assert step(world, "desk", meeting, "schedule", **hours(world, 24, 27)).status_code == 200
    world.clock.forward(hours=28)
    assert step(world, "desk", meeting, "hold").status_code == 200
    return meeting


def test_nothing_is_concluded_behind_the_back_of_who_has_agreed(world):
    meeting, french = held(world), {"country": "FR", "text": "France gives up."}
    minuted(world, meeting)
    assert world.as_("desk").post(f"/meetings/{meeting}/conclusions", french).status_code == 201
    assert agree(world, "prosecutor_fr", meeting).status_code == 200
    late = world.as_("desk").post(f"/meetings/{meeting}/conclusions", french)
    assert (late.status_code, late.json["type"]) == (409, "/problems/agreed-already")
    minuted(world, meeting, "Anew.")
    assert world.as_("desk").post(f"/meetings/{meeting}/conclusions", french).status_code == 201


def test_a_change_of_countries_leaves_out_nobody_who_is_seated(world):
    meeting = world.once(proposed)
    me = world.as_("desk")
    changed = me.patch(f"/meetings/{meeting}", {"countries": ["ES"]}, If_Match=f'"{read(world, "desk", meeting)["etag"]}"')
    assert changed.json["countries"] == ["ES", "FR", "NL", "RO"]
    two = proposed(world, level="bilateral", origin=("case", world.case("prosecutor")), guests=("fr",))
    tag = f'"{read(world, "desk", two)["etag"]}"'
    assert me.patch(f"/meetings/{two}", {"countries": ["NL"]}, If_Match=tag).status_code == 200
    assert me.post(f"/meetings/{two}/participants", guest(world, "ro", "prosecutor")).status_code == 422


def test_no_meeting_is_in_another_age(world):
    meeting = world.once(proposed)
    far = {"starts_at": "2198-01-01T10:00:00Z", "ends_at": "2198-01-01T12:00:00Z"}
    refused = step(world, "desk", meeting, "schedule", **far)
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/ends_at")


def test_a_file_written_into_a_text_is_no_text(world):
    picture = "See data:image/png;base64,iVBORw0KGgo= for it."
    for text in (picture, picture.replace("image/png", "VIDEO/mp4")):
        refused = world.as_("prosecutor").post("/cases", {"reference": "R", "title": text})
        assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/title")
    assert world.as_("prosecutor").post("/cases", {"reference": "R", "title": "Our data: image and sound"}).status_code == 201
