"""The directory at work in requests: routed around the clock, requirements read before sending, languages that are accepted."""

from assisting import SENT, draft, read, step, walk

POINT = {
    "network": "art35_24_7",
    "always": True,
    "time_zone": "Europe/Paris",
    "powers": ["preserves"],
    "declared_by": "Ministry of Justice",
    "valid_from": "2020-01-01",
}


def test_a_preservation_without_an_addressee_goes_to_the_24_7_point(world):
    request = world.once(draft, "contact", "preservation", None, executing_country="FR")
    walk(world, request, ("contact", "ready"))
    lost = step(world, "contact", request, "transmit", transmission=SENT)
    assert (lost.status_code, lost.json["type"]) == (409, "/problems/no-round-the-clock-contact")

    assert world.as_("contact_fr").post("/contact-points", POINT).status_code == 201
    sent = walk(world, request, ("contact", "transmit", {"transmission": SENT}))
    assert sent["executing"]["id"] == str(world.authorities["fr"])
    walk(world, request, ("contact_fr", "receive"), ("contact_fr", "preserve"))


def test_requirements_are_read_and_acknowledged_before_a_request_goes(world):
    said = {"special_requirements": "Name the examining judge.", "double_criminality": "Tested on conduct."}
    body = {"theme": "Traffic data", "measure": "traffic", "instrument": "eio", "applicability": "to_a_certain_extent",
            "says": said, "declared_by": "Ministry of Justice", "valid_from": "2026-01-01"}  # fmt: skip
    notice = world.as_("central_fr").post("/requirement-notices", body).json["id"]
    assert world.as_("central").post("/requirement-notices", {**body, "measure": "content"}).status_code == 201

    request = draft(world)
    (attached,) = world.as_("prosecutor").get(f"/mla-requests/{request}/requirement-notices").json["items"]
    assert (attached["id"], attached["says"]["special_requirements"]) == (notice, "Name the examining judge.")
    refused = step(world, "prosecutor", request, "ready")
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/acknowledged_notices")

    tag = f'"{read(world, "prosecutor", request)["etag"]}"'
    me = world.as_("prosecutor")
    assert me.patch(f"/mla-requests/{request}", {"acknowledged_notices": [notice]}, If_Match=tag).status_code == 200
    walk(world, request, ("prosecutor", "ready"))
    newer = {"applicability": "not_applicable", "says": said, "declared_by": "Ministry of Justice",
             "valid_from": world.clock().date().isoformat()}  # fmt: skip
    version = world.as_("central_fr").get(f"/requirement-notices/{notice}").headers["ETag"]
    assert world.as_("central_fr").post(f"/requirement-notices/{notice}/versions", newer, If_Match=version).status_code == 201
    again = step(world, "prosecutor", request, "transmit", transmission=SENT)
    assert (again.status_code, again.json["errors"][0]["pointer"]) == (422, "/acknowledged_notices")
    ready = me.get(f"/mla-requests/{request}/readiness").json
    assert [p["rule"] for p in ready["will_be_refused"]] == ["not_applicable"]


def test_a_request_is_written_or_translated_in_a_language_that_is_accepted_there(world):
    body = {"instruments": ["eio"], "languages": ["fr"], "channels": ["e_codex"], "declared_by": "Ministry of Justice",
            "valid_from": "2026-01-01"}  # fmt: skip
    assert world.as_("central_fr").post("/competences", body).status_code == 201
    request = draft(world)
    refused = step(world, "prosecutor", request, "ready")
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/content/translations")
    assert world.as_("prosecutor").get(f"/mla-requests/{request}/readiness").json["accepted_languages"] == ["fr"]

    content = {**read(world, "prosecutor", request)["content"], "translations": [{"language": "fr", "certified": True}]}
    tag = f'"{read(world, "prosecutor", request)["etag"]}"'
    assert world.as_("prosecutor").patch(f"/mla-requests/{request}", {"content": content}, If_Match=tag).status_code == 200
    walk(world, request, ("prosecutor", "ready"))
