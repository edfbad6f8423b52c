"""Steps that are embedded in a list, so that a step is one call."""

from assisting import draft, read, sent, walk


def test_steps_embedded_in_a_list_make_a_step_one_call(world):
    request = sent(world)
    receiver = world.as_("prosecutor_fr")
    (item,) = receiver.get("/mla-requests?include=transitions&requesting_country=NL&measure=traffic&reference=eio").json["items"]
    assert [step["event"] for step in item["transitions"]["allowed"]] == ["receive"]
    tag = f'"{item["transitions"]["etag"]}"'
    assert receiver.post(f"/mla-requests/{request}/transitions", {"event": "receive"}, If_Match=tag).json["state"] == "received"
    assert "transitions" not in receiver.get("/mla-requests").json["items"][0]
    walk(world, draft(world, reference="NL-2"), ("prosecutor", "ready"))
    listed = world.as_("prosecutor").get("/mla-requests?include=transitions&limit=1").json
    assert read(world, "prosecutor", listed["items"][0]["id"])["etag"] == listed["items"][0]["transitions"]["etag"]
