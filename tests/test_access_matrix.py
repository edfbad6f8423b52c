"""Endpoint x caller, from the table written by hand; the table and the URL map name the same endpoints."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import team_rows
from entries import COMPETENCE, MOU, NOTICE, POINT, PROVIDER, TREATY, VERSION, bare_request, one_of_each
from recording import SAID, record

from coopapi.auth.authentication import actor_of
from coopapi.mail.messages import code_of
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side

AN_HOUR_AGO = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
LINES = [line for line in (Path(__file__).parent / "access_matrix.txt").read_text().splitlines() if line and line[0] != "#"]
CALLERS = LINES[0].split()[1:]
ROWS = [(line.split()[0], line.split()[1], dict(zip(CALLERS, line.split()[2:], strict=True))) for line in LINES[1:]]
ITEM = {"object_type": "request", "title": "T", "source_country": "RO", "obtained_on": "2026-01-01", "obtained_under": "Art. 1",
        "handling_code": "H0"}  # fmt: skip
BODIES = {
    "POST /api/v1/authorities": {"name": "New", "type": "police_unit", "country": "BE"},
    "PATCH /api/v1/authorities/{authority}": {"languages": ["nl"]},
    "POST /api/v1/authorities/{authority}/quota": {"hour": 1, "day": 1, "hidden_hour": 1, "hidden_day": 1, "reason": "R"},
    "POST /api/v1/authorities/{authority}/people": {"name": "New", "roles": ["analyst"], "issuer": "https://x", "subject": "new"},
    "PATCH /api/v1/authorities/{authority}/people/{person}": {"active": False},
    "POST /api/v1/authorities/{authority}/clients": {"name": "New", "roles": ["system"]},
    "PATCH /api/v1/authorities/{authority}/clients/{client}": {"active": False},
    "POST /api/v1/approvals/{approval}/transitions": {"event": "approve"},
    "POST /api/v1/worklist/steps": {
        "steps": [{"type": "request", "id": "{request}", "etag": "v9", "step": {"event": "withdraw", "reason": "R"}}]
    },
    "POST /api/v1/worklist/assignments": {"type": "request", "id": "{request}", "assignee": None},
    "POST /api/v1/cases": {"reference": "new", "title": "New"},
    "PATCH /api/v1/cases/{case}": {"title": "Newer"},
    "POST /api/v1/cases/{case}/transitions": {"event": "open"},
    "POST /api/v1/cases/{case}/access": {"level": "read", "reason": "because"},
    "POST /api/v1/cases/{case}/access/{grant}/transitions": {"event": "withdraw", "reason": "because"},
    "POST /api/v1/cases/{case}/subjects": {"pseudonym": "S9", "category": "suspect"},
    "PATCH /api/v1/cases/{case}/subjects/{subject}": {"category": "witness"},
    "POST /api/v1/cases/{case}/identifiers": {"identifiers": [{"kind": "email", "value": "x@example.org"}]},
    "POST /api/v1/cases/{case}/identifiers/extract": {"text": "x@example.org"},
    "PATCH /api/v1/cases/{case}/identifiers/{identifier}": {"source": "corrected"},
    "POST /api/v1/cases/{case}/identifiers/{identifier}/transitions": {"event": "withdraw", "reason": "inaccurate"},
    "POST /api/v1/cases/{case}/facts": {"facts": [{"kind": "call", "subjects": [{"id": "{subject}"}]}]},
    "PATCH /api/v1/cases/{case}/facts/{fact}": {"source": "corrected"},
    "POST /api/v1/cases/{case}/facts/{fact}/transitions": {"event": "withdraw", "reason": "inaccurate"},
    "POST /api/v1/overlaps/{overlap}/transitions": {"event": "take"},
    "POST /api/v1/overlaps/{overlap}/disclosures": {"purpose": "investigation", "offence": "ocsea", "items_asked": ["names"]},
    "POST /api/v1/disclosures/{disclosure}/transitions": {"event": "withdraw", "reason": "settled"},
    "POST /api/v1/exclusions": {"kind": "mac", "reason": "shared machines"},
    "POST /api/v1/exclusions/{exclusion}/transitions": {"event": "withdraw", "reason": "settled"},
    "POST /api/v1/exports": {
        "case_id": "{case}",
        "format": "ndjson",
        "purpose": "investigation",
        "recipient": {"authority_id": "{court}"},
        "reason": "R",
    },
    "POST /api/v1/evidence": {"object_id": "{shared}", **ITEM},
    "POST /api/v1/evidence/{evidence}/transitions": {"event": "accept"},
    "POST /api/v1/evidence/{evidence}/recipients": {"authority_id": "{court}"},
    "POST /api/v1/evidence/{evidence}/custody": {"act": "received", "at": "2026-01-02T00:00:00Z"},
    "POST /api/v1/evidence/{evidence}/uses": {"case_id": "{case}", "purpose": "prosecution", "use_as": "evidence"},
    "POST /api/v1/deadlines/{deadline}/transitions": {"event": "extend", "reason": "R", "estimate": "2099-01-01T00:00:00Z"},
    "POST /api/v1/service-targets": {"urgency": "urgent", "hours": 12},
    "PATCH /api/v1/service-targets/{target}": {"hours": 13},
    "POST /api/v1/times/{time}/transitions": {"event": "correct", "at": "2026-01-01T00:00:00Z", "proof": "P", "reason": "R"},
    "POST /api/v1/own-instruments": TREATY,
    "POST /api/v1/own-instruments/{instrument}/end": {"valid_until": "2099-01-01"},
    "POST /api/v1/mla-requests/plan": {"measure": "content", "country": "BR"},
    "POST /api/v1/mla-requests": {"reference": "new", "kind": "preservation"},
    "PATCH /api/v1/mla-requests/{request}": {"language": "fr"},
    "POST /api/v1/mla-requests/{request}/transitions": {"event": "withdraw", "reason": "R"},
    "POST /api/v1/mla-requests/{request}/measures/{measure}/transitions": {"event": "withdraw", "reason": "x"},
    "POST /api/v1/mla-requests/{request}/messages": {"act": "message", "text": "T"},
    "POST /api/v1/mla-requests/{request}/transmissions": {"channel": "post", "security": "unencrypted"},
    "POST /api/v1/mla-requests/{request}/parties": {"authority_id": "{neighbour}"},
    "POST /api/v1/mla-requests/{request}/case": {"case_id": "{case}"},
    "POST /api/v1/contact-points": POINT,
    "PATCH /api/v1/contact-points/{point}": {"verified": True},
    "POST /api/v1/contact-points/{point}/checks": {"outcome": "reached"},
    "POST /api/v1/contact-points/{point}/roster": {"person_id": "{contact}", "since": AN_HOUR_AGO, "until": AN_HOUR_AGO},
    "PATCH /api/v1/contact-points/{point}/roster/{shift}": {"until": "2026-01-02T00:00:00Z"},
    "POST /api/v1/competences": COMPETENCE,
    "PATCH /api/v1/competences/{competence}": {"confirmed": True},
    "POST /api/v1/providers": {**PROVIDER, "authority_id": "{newcomer}", "legal_entity": "New"},
    "PATCH /api/v1/providers/{provider}": {"confirmed": True},
    "POST /api/v1/mous": MOU,
    "PATCH /api/v1/mous/{mou}": {"title": "N"},
    "POST /api/v1/requirement-notices": NOTICE,
    "POST /api/v1/requirement-notices/{notice}/versions": VERSION,
    "POST /api/v1/meetings": {
        "level": "III",
        "origin_type": "case",
        "origin_id": "{case}",
        "title": "T",
        "mode": "video",
        "time_zone": "Europe/Paris",
    },
    "PATCH /api/v1/meetings/{meeting}": {"agenda": "New"},
    "POST /api/v1/meetings/{meeting}/transitions": {"event": "hold"},
    "POST /api/v1/meetings/{meeting}/participants": {"authority_id": "{court}", "function": "judge"},
    "POST /api/v1/meetings/{meeting}/participants/{place}/transitions": {"event": "accept"},
    "POST /api/v1/meetings/{meeting}/answers": {"answers": [{"option_id": "{option}", "answer": "yes"}]},
    "POST /api/v1/meetings/{meeting}/cases": {"case_id": "{case}"},
    "POST /api/v1/meetings/{meeting}/cases/{share}/transitions": {"event": "end"},
    "POST /api/v1/meetings/{meeting}/conclusions": {"country": "NL", "text": "T"},
    "POST /api/v1/meetings/{meeting}/minutes": {"text": "T"},
    "POST /api/v1/meetings/{meeting}/actions": {"due_on": "2099-01-01", "text": "T"},
    "POST /api/v1/actions/{action}/transitions": {"event": "done"},
    "POST /api/v1/meetings/{meeting}/outcomes": {"kind": "consultation", "consultation": {"contacted": ["{court}"], "facts": "F"}},
    "POST /api/v1/meetings/{meeting}/log": {"at": AN_HOUR_AGO, "country": "NL", "measure": "arrest"},
    "POST /api/v1/calendar-feeds/{feed}/transitions": {"event": "revoke"},
    "POST /api/v1/jurisdiction-consultations": {"contacted": ["{court}"], "facts": "F"},
    "POST /api/v1/jurisdiction-consultations/{consultation}/transitions": {"event": "close", "reason": "R"},
    "POST /api/v1/jurisdiction-consultations/{consultation}/positions": {"position": "end"},
    "POST /api/v1/jurisdiction-consultations/{consultation}/case": {"case_id": "{case}"},
    "POST /api/v1/jurisdiction-consultations/{consultation}/transfers": {
        "case_id": "{case}",
        "to_authority": "{romania}",
        "transferred_on": "2026-01-01",
        "handed_over": ["File"],
    },
    "POST /api/v1/jurisdiction-consultations/{consultation}/transfers/{transfer}/case": {"case_id": "{case}"},
    "POST /api/v1/cases/{case}/proceedings": {"stage": "investigated", "result": "under_way", "reached_on": "2026-01-01"},
    "PATCH /api/v1/cases/{case}/proceedings/{proceedings}": {"result": "passed_on"},
    "POST /api/v1/cases/{case}/eurojust-records": {"article": "21(5)", "recorded_on": "2026-01-01"},
    "POST /api/v1/cases/{case}/eurojust-records/{record}/answer": {"answer": "followed", "answered_on": "2026-01-02"},
    "POST /api/v1/evidence-uses/{use}/transitions": {"event": "withdraw", "reason": "settled"},
    "POST /api/v1/search/identifiers": {
        "case_id": "{case}",
        "purpose": "investigation",
        "identifier": {"kind": "email", "value": "x@example.org"},
    },
    "POST /api/v1/saved-searches": {"name": "N", "q": "heron"},
    "PATCH /api/v1/saved-searches/{search}": {"active": False},
    "POST /api/v1/webhooks": {"client_id": "{client}", "url": "https://receiver.example/hook"},
    "POST /api/v1/webhooks/{webhook}/transitions": {"event": "pause"},
    "PATCH /api/v1/me/notifications": {"frequency": "daily"},
    "POST /api/v1/me/notifications/addresses": {"use": "usual", "address": "wren@justice.example"},
    "POST /api/v1/me/notifications/addresses/{address}/confirmation": {"code": "{mail_code}"},
    "POST /api/v1/authorities/{authority}/people/{person}/notifications/addresses": {
        "use": "usual",
        "address": "wren@justice.example",
    },
    **team_rows.BODIES,
}
FILES = {"POST /api/v1/imports": b'{"type": "case", "external_id": "C", "reference": "C", "title": "C"}\n'}
NDJSON = {"Content-Type": "application/x-ndjson"}
BEFORE = {
    "/api/v1/me/notifications": "insert into mail_accounts (id, version) select id, 1 from principals where kind = 'person'"
    " on conflict (id) do update set version = 1",
    "/api/v1/contact-points/{point}/roster/{shift}": "update duty_shifts set version = 1",
    "/api/v1/cases/{case}/proceedings/{proceedings}": "update case_proceedings set version = 1",
    "/api/v1/service-targets": "delete from service_targets where urgency = 'urgent'",
    "/api/v1/service-targets/{target}": "update service_targets set version = 1",
    "/api/v1/times/{time}/transitions": "update stated_times set state = 'stated', version = 1",
    "/api/v1/meetings/{meeting}": "update meetings set state = 'scheduled', minutes = null",
    "/api/v1/meetings/{meeting}/transitions": "update meetings set state = 'scheduled', minutes = null",
    "/api/v1/meetings/{meeting}/participants": "update meetings set state = 'scheduled', minutes = null",
    "/api/v1/meetings/{meeting}/answers": "update meetings set state = 'dates_polled', minutes = null",
    "/api/v1/meetings/{meeting}/cases": "delete from shared_cases",
    "/api/v1/meetings/{meeting}/participants/{place}/transitions": "update meeting_participants set state = 'invited'"
    " where function <> 'host'",
    "/api/v1/jurisdiction-consultations/{consultation}/transitions": "update consultations set state = 'opened'",
    "/api/v1/jurisdiction-consultations/{consultation}/positions": "update consultations set state = 'consulting'",
}
QUERIES = {
    "/api/v1/instruments/applicable": "?from=NL&to=FR&measure=content",
    "/api/v1/holidays": "?country=NL&year=2026",
    "/api/v1/statistics/e-evidence": "?year=2026",
    "/api/v1/statistics/eurojust": "?year=2026",
    "/api/v1/authorities/competent": "?country=NL",
    "/api/v1/search": "?q=heron",
    "/api/v1/graph": "?case_id={case}",
}


@pytest.fixture
def places(world, owner, register):
    return register.as_of("places", lambda: one_place_of_each(world, owner))


def one_place_of_each(world, owner):
    """One of everything, all of it Dutch but for the other side of the overlap."""
    other = world.case("romanian")
    world.hold("romanian", other, "heron@example.org")
    case = world.case("investigator")
    subject = world.subject("investigator", case)
    (identifier,) = world.hold("investigator", case, "heron@example.org", subject_id=subject)
    client = world.as_("admin").post(f"/authorities/{world.authorities['nl']}/clients", {"name": "C", "roles": ["system"]})
    grants = world.as_("desk").get(f"/cases/{case}/access").json["items"]
    with owner.cursor() as cursor:
        cursor.execute("update principals set roles = '{system}' where id = %s", (client.json["id"],))
    asked = world.asked("investigator", case)
    excluded = world.as_("investigator").post("/exclusions", {"kind": "imei", "reason": "shared devices"})
    return {
        **evidence(world, owner, case),
        **request(world, owner, case),
        **entries(world),
        **meeting(world, owner, case),
        **consultation(world, owner),
        **webhook(world, owner, client.json["id"]),
        "record": world.as_("prosecutor")
        .post(f"/cases/{case}/eurojust-records", {"article": "4(5)", "recorded_on": "2026-01-01"})
        .json["id"],
        "proceedings": world.as_("investigator")
        .post(f"/cases/{case}/proceedings", {"stage": "investigated", "result": "under_way", "reached_on": "2026-01-01"})
        .json["id"],
        "period": "2026",
        **mail_address(world),
        "instrument": world.as_("central").post("/own-instruments", {**TREATY, "code": "nl_br_other"}).json["id"],
        "target": world.as_("central").post("/service-targets", {"urgency": "routine", "hours": 99}).json["id"],
        "court": world.authorities["fr_court"],
        "neighbour": world.authorities["desk_nl"],
        "disclosure": asked["id"],
        "exclusion": excluded.json["id"],
        "name": "countries",
        "code": "budapest",
        "problem": "not-found",
        "authority": world.authorities["nl"],
        "person": world.people["analyst"],
        "client": client.json["id"],
        "approval": client.json["pending"][0]["id"],
        "case": case,
        "nowhere": uuid4(),
        "subject": subject,
        "identifier": identifier,
        "fact": record(world, "investigator", case, SAID)[0]["id"],
        "grant": grants[0]["id"],
        "overlap": world.overlaps("investigator", case)[0]["id"],
        "import": imported(world),
        "export": exported(world, case),
        "search": world.as_("investigator").post("/saved-searches", {"name": "N", "q": "heron"}).json["id"],
    }


def imported(world):
    """A file that the Dutch system sent."""
    me = world.as_("system")
    made = me.client.post("/api/v1/imports", data=FILES["POST /api/v1/imports"], headers={**NDJSON, **_bearer(world, "system")})
    assert made.status_code == 202, made.json
    return made.json["id"]


def exported(world, case):
    """A file of the Dutch case for a French court."""
    places = {"case": case, "court": world.authorities["fr_court"]}
    made = world.as_("investigator").post("/exports", _filled(BODIES["POST /api/v1/exports"], places))
    assert made.status_code == 202, made.json
    return made.json["id"]


def evidence(world, owner, case):
    """What the Romanians give the Dutch on a condition, and the use in another case that those ask for."""
    shared, me, there = str(uuid4()), world.as_("investigator"), world.as_("romanian")
    bare_request(world, owner, shared)
    database = world.app.extensions["coopapi"].database
    with database.work(lambda s: actor_of(s, "https://issuer.test", "investigator", None), uuid4().hex) as work:
        parties.admit(work, UUID(shared), world.authorities["nl"], Side.REQUESTING, case_id=UUID(case))
        parties.admit(work, UUID(shared), world.authorities["ro"], Side.EXECUTING)
    item = there.post("/evidence", {"object_id": shared, **ITEM}).json["id"]
    other = {
        "case_id": world.case("investigator"),
        "purpose": "prosecution",
        "use_as": "evidence",
        "ask_consent": True,
        "reason": "R",
    }
    use = me.post(f"/evidence/{item}/uses", other).json["id"]
    return {"shared": shared, "evidence": item, "use": use}


def request(world, owner, case):
    """A preservation request of the Dutch, not sent yet, with a deadline of theirs."""
    body = {"reference": "kept", "kind": "preservation", "case_id": case, "measures": [{"code": "traffic"}]}
    made = world.as_("investigator").post("/mla-requests", body).json
    with owner.cursor() as cursor:
        cursor.execute(
            "insert into deadlines (id, version, object_id, object_type, rule, owed_by, authority_id, started_by, from_at, due_at,"
            " first_due_at, extensions, rule_version) values (gen_random_uuid(), 1, %s, 'request', 'eio_execution', 'requesting', %s,"
            " 'receive', now(), now() + interval '9 years', now(), '[]', 'x') returning id",
            (made["id"], world.authorities["nl"]),
        )
        deadline = cursor.fetchone()[0]
        cursor.execute(
            "insert into stated_times (id, version, object_id, object_type, what, side, authority_id, at, state, recorded_by, stated_at)"
            " values (gen_random_uuid(), 1, %s, 'request', 'sent', 'requesting', %s, now(), 'stated', %s, now()) returning id",
            (made["id"], world.authorities["nl"], world.authorities["nl"]),
        )
        return {
            "request": made["id"],
            "measure": made["measures"][0]["id"],
            "deadline": deadline,
            "time": cursor.fetchone()[0],
        }


def entries(world):
    """What the Dutch keep in the directory, and a provider without a profile."""
    newcomer = {"name": "Owl Hosting BV", "type": "service_provider", "country": "NL"}
    made = one_of_each(world)
    shift = {"person_id": str(world.people["contact"]), "since": "2026-01-01T00:00:00Z", "until": "2026-01-20T00:00:00Z"}
    kept = world.as_("contact").post(f"/contact-points/{made['point']}/roster", shift).json["id"]
    return {
        **made,
        "contact": world.people["contact"],
        "shift": kept,
        "newcomer": world.as_("operator").post("/authorities", newcomer).json["id"],
    }


def meeting(world, owner, case):
    """A coordination centre about the Dutch case, hosted by their desk, with the Romanians; held, with minutes and an action."""
    me, host = world.as_("prosecutor"), world.as_("desk")
    body = _filled(BODIES["POST /api/v1/meetings"], {"case": case})
    guests = [{"authority_id": str(world.authorities["ro"]), "function": "prosecutor"}]
    made = me.post("/meetings", {**body, "level": "coordination_centre", "participants": guests}).json["id"]
    with owner.cursor() as cursor:
        cursor.execute(
            "update meetings set state = 'held', starts_at = now() - interval '2 hours', ends_at = now() - interval '1 hour'"
        )
        cursor.execute(
            "insert into meeting_options values (gen_random_uuid(), 1, %s, now(), now() + interval '1 hour') returning id", (made,)
        )
        option = cursor.fetchone()[0]
    minutes = host.post(f"/meetings/{made}/minutes", {"text": "T"}, If_Match=f'"{host.get(f"/meetings/{made}").json["etag"]}"')
    assert minutes.status_code == 200, minutes.json
    seats = host.get(f"/meetings/{made}/participants").json["items"]
    feed = me.post("/calendar-feeds").json
    return {
        "meeting": made,
        "option": option,
        "place": next(s["id"] for s in seats if s["authority"]["id"] == str(world.authorities["nl"])),
        "share": me.post(f"/meetings/{made}/cases", {"case_id": world.case("prosecutor")}).json["id"],
        "action": me.post(f"/meetings/{made}/actions", {"due_on": "2099-01-01", "text": "T"}).json["id"],
        "feed": feed["id"],
        "token": feed["address"].rsplit("/", 1)[1].removesuffix(".ics"),
    }


def webhook(world, owner, client):
    """An address of the Dutch client that is in use, and a ping of it."""
    made = world.as_("admin").post("/webhooks", {"client_id": client, "url": "https://receiver.example/hook"})
    world.approved(made)
    pinged = world.as_("admin").post(f"/webhooks/{made.json['id']}/ping")
    assert pinged.status_code == 201, pinged.json
    return {"webhook": made.json["id"], "delivery": pinged.json["id"]}


def mail_address(world):
    """An address of the Dutch analyst that waits for its code."""
    made = world.as_("analyst").post("/me/notifications/addresses", {"use": "on_call", "address": "wren@justice.example"})
    assert made.status_code == 201, made.json
    code = code_of(world.app.extensions["coopapi"].database.keys, UUID(made.json["id"]))
    return {"address": made.json["id"], "mail_code": code}


def consultation(world, owner):
    """The Dutch consult the Romanians, who shall prosecute, and gave proceedings over to them."""
    me, romania = world.as_("prosecutor"), str(world.authorities["ro"])
    made = me.post("/jurisdiction-consultations", {"contacted": [romania], "facts": "F"}).json["id"]
    with owner.cursor() as cursor:
        cursor.execute("update consultations set state = 'consensus', prosecuting_country = 'RO'")
    given_over = {"case": world.case("prosecutor"), "romania": romania}
    body = _filled(BODIES["POST /api/v1/jurisdiction-consultations/{consultation}/transfers"], given_over)
    given = me.post(f"/jurisdiction-consultations/{made}/transfers", body)
    assert given.status_code == 201, given.json
    return {"consultation": made, "transfer": given.json["id"], "romania": romania}


CELLS = [(method, path, caller, status) for method, path, cells in ROWS for caller, status in cells.items()]


@pytest.mark.parametrize(("method", "path"), [row[:2] for row in ROWS], ids=[f"{m} {p}" for m, p, _ in ROWS])
def test_the_table_holds(world, places, owner, register, method, path):
    """One row: those who may not come first, so that those who may find everything as it was."""
    cells = dict(next(c for m, p, c in ROWS if (m, p) == (method, path)))
    if "/jits" in path:
        places |= register.as_of("team places", lambda: team_rows.places(world, owner))
    found, changed = {}, True
    for caller in sorted(cells, key=lambda name: int(cells[name]), reverse=True):
        body = BODIES.get(f"{method} {path}")
        if body is not None and path.endswith("/access"):
            body = {**body, "authority_id": str(world.authorities["ro"])}
        if body is not None and "reference" in body:
            body = {**body, "reference": caller}
        if body is not None and "subject" in body:
            body = {**body, "subject": caller}
        if body is not None and "pseudonym" in body:
            body = {**body, "pseudonym": caller}
        if body is not None:
            body = _filled(body, places)
        if changed:
            _as_new(owner, path)
        version = {"If-Match": '"v1"'} if method != "GET" else {}
        file = FILES.get(f"{method} {path}")
        sent = {"json": body} if file is None else {"data": file, "content_type": NDJSON["Content-Type"]}
        found[caller] = str(
            world.as_(caller)
            .client.open(
                path.format(**places) + QUERIES.get(path, "").format(**places),
                method=method,
                **sent,
                headers={**version, **_bearer(world, caller)},
            )
            .status_code
        )
        changed = method != "GET" and found[caller] < "400"
    assert found == cells


def _filled(value, places):
    """Put the ids of things where their names stand."""
    if isinstance(value, dict):
        return {name: _filled(one, places) for name, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, places) for one in value]
    return value.format(**places) if isinstance(value, str) else value


def _bearer(world, caller):
    token = world.as_(caller).token
    return {"Authorization": f"Bearer {token}"} if token else {}


def _as_new(owner, path):
    """Put versions and states back after a request that changed something, so that each caller changes the same thing."""
    with owner.cursor() as cursor:
        cursor.execute(
            """update cases set version = 1, state = 'registered', state_reason = null; update subjects set version = 1;
            update identifiers set version = 1, withdrawn_at = null, withdrawal_reason = null;
            update facts set version = 1, withdrawn_at = null, withdrawal_reason = null; delete from fact_history;
            update case_access set version = 1, withdrawn_at = null, withdrawal_reason = null;
            update authorities set version = 1; update principals set version = 1, active = true;
            update disclosures set version = 1, state = 'withdrawn';
            update saved_searches set version = 1, active = true;
            update exclusions set version = 1, withdrawn_at = null, withdrawn_by = null;
            update mla_requests set version = 1, state = 'draft'; update mla_measures set version = 1;
            update meetings set version = 1, state = 'held' where starts_at is not null;
            update meeting_participants set version = 1, state = 'accepted', agreed_at = null where function <> 'host';
            update shared_cases set version = 1, ended_at = null; update calendar_feeds set version = 1, revoked_at = null;
            update meeting_actions set version = 1, state = 'open', ended_at = null;
            update consultations set version = 1, state = 'consensus';
            update webhook_endpoints set version = 1, state = 'active', pause = null where approved_at is not null;
            update mail_addresses set version = 1, state = 'waiting', ended_at = null where use = 'on_call';
            update deadlines set version = 1, extensions = '[]', due_at = now() + interval '9 years';
            update contact_points set version = 1; update competences set version = 1; update mous set version = 1;
            update providers set version = 1; delete from providers where legal_entity = 'New';
            delete from requirement_notices where supersedes is not null;
            update requirement_notices set version = 1, valid_until = null;
            update overlap_sides set version = 1, verifier_id = null, state = 'detected';
            update evidence set version = 1, state = 'given', decided_at = null;
            update evidence_recipients set version = 1, state = 'accepted';
            update evidence_uses set version = 1, state = 'consent_asked', decided_at = null where consent_needed"""
        )
        if path.endswith("/{evidence}/transitions"):
            cursor.execute("update evidence_recipients set state = 'offered'")
        if before := BEFORE.get(path):
            cursor.execute(before)
        if "/jits" in path:
            team_rows.as_new(owner, path)
        if path.endswith("/{overlap}/disclosures"):
            verifier = "(select id from principals limit 1)"
            cursor.execute(f"update overlap_sides set verifier_id = {verifier}, state = 'under_verification'")
        else:
            cursor.execute("update disclosures set state = 'requested' where id = (select id from disclosures order by id limit 1)")


def test_the_table_names_every_endpoint_and_no_other(app):
    served = {
        (method, re.sub(r"<(?:\w+:)?(\w+?)(?:_id)?>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.endpoint != "static"
    }
    assert {(method, path.partition("?")[0].replace("{nowhere}", "{case}")) for method, path, _ in ROWS} == served | {
        ("GET", "/api/v1/cases/{case}")
    }
