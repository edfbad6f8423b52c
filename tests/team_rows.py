"""A team for the tests that go through every table and every endpoint: of the Dutch and the Romanians, nothing for the French."""

from teaming import STATEMENT, parties, proposed, read

NEW = "gen_random_uuid()"
_OWN = "'{nl}'"
_MADE = {
    "jits": f"(id, version, maker_id, reference, legal_basis, states_of_operation, state, wrapped, sealed, created_by, created_at,"
    f" updated_at, reference_folded) values ({NEW}, 1, {_OWN}, 'new', 'x', '{{{{}}}}', 'proposed', 'x', 'x', '{{person}}', now(), now(),"
    " 'new')",
    "jit_parties": f"values ({NEW}, 1, '{{team}}', '{{fr}}', 'FR', null, null, 'party', now(), null)",
    "jit_members": f"values ({NEW}, 1, '{{team}}', '{{fr}}', 'x', false, 'serving', now(), null)",
    "jit_participants": f"values ({NEW}, 1, '{{team}}', '{{fr}}', 'x', false, 'x', 'serving', now(), null)",
    "jit_associates": f"values ({NEW}, 1, '{{team}}', 'x', 'serving', now(), null)",
    "jit_signatures": f"values ({NEW}, 1, '{{team}}', {NEW}, '{{fr}}', '{{foreign}}', '{'0' * 64}', now(), null)",
    "jit_amendments": f"values ({NEW}, 1, '{{team}}', 'purpose', null, null, 'x', null, 'proposed', '{{fr}}', now(), null)",
    "jit_evaluations": f"values ({NEW}, 1, '{{team}}', '{{fr}}', 'x', '{{foreign}}', now())",
    "jit_statements": f"values ({NEW}, 1, '{{untold}}', false, true, true, 'x', 'proposed', '{{fr}}', now())",
    "jit_releases": f"values ({NEW}, 1, '{{untold}}', null, '{{{{}}}}', 2026, '{{{{}}}}', now(), null)",
}
PROBES = {
    **{(table, "seen"): f"select count(*) from {table}" for table in _MADE},
    **{(table, "made"): f"insert into {table} {row}" for table, row in _MADE.items()},
    **{(table, "changed"): f"update {table} set version = 9" for table in _MADE},
}
_TEAM = """insert into jits (id, version, maker_id, reference, legal_basis, states_of_operation, state, wrapped, sealed, created_by,
    created_at, updated_at, reference_folded) values (gen_random_uuid(), 1, %(nl)s, %(name)s, 'x', '{}', 'proposed', 'x', 'x', %(who)s, now(),
    now(), %(name)s)
    returning id"""
_ROWS = """insert into parties values (gen_random_uuid(), %(jit)s, %(nl)s, 'negotiating', null, true, now(), null);
    insert into jit_parties values (gen_random_uuid(), 1, %(jit)s, %(nl)s, 'NL', null, null, 'party', now(), null);
    insert into jit_members values (gen_random_uuid(), 1, %(jit)s, %(nl)s, 'x', false, 'serving', now(), null);
    insert into jit_participants values (gen_random_uuid(), 1, %(jit)s, %(nl)s, 'x', false, 'x', 'serving', now(), null);
    insert into jit_associates values (gen_random_uuid(), 1, %(jit)s, 'x', 'serving', now(), null);
    insert into jit_signatures values (gen_random_uuid(), 1, %(jit)s, %(jit)s, %(nl)s, %(who)s, repeat('0', 64), now(), null);
    insert into jit_amendments values (gen_random_uuid(), 1, %(jit)s, 'purpose', null, null, 'x', null, 'proposed', %(nl)s, now(), null);
    insert into jit_evaluations values (gen_random_uuid(), 1, %(jit)s, %(nl)s, 'x', %(who)s, now());
    insert into jit_statements values (gen_random_uuid(), 1, %(jit)s, false, true, true, 'x', 'proposed', %(nl)s, now());
    insert into jit_releases values (gen_random_uuid(), 1, %(jit)s, null, '{}', 2026, '{}', now(), null)"""


def things(world, owner):
    """A row in every table of a Dutch team, and a team about which nothing is told yet."""
    known = {"nl": world.authorities["nl"], "who": world.people["prosecutor"]}
    with owner.cursor() as cursor:
        made = []
        for name in ("told", "untold"):
            cursor.execute(_TEAM, {**known, "name": name})
            made.append(cursor.fetchone()[0])
        cursor.execute(_ROWS, {**known, "jit": made[0]})
    return {"team": made[0], "untold": made[1]}


BODIES = {
    "POST /api/v1/jits": {"reference": "new", "legal_basis": "eu2000_art13"},
    "PATCH /api/v1/jits/{jit}": {"purpose": "Another."},
    "POST /api/v1/jits/{jit}/transitions": {"event": "draft"},
    "POST /api/v1/jits/{jit}/signatures": {"text_sha256": "{agreed}"},
    "POST /api/v1/jits/{jit}/parties": {"authority_id": "{court}"},
    "POST /api/v1/jits/{jit}/parties/{party}/transitions": {"event": "lead", "leader": {"office": "Another head"}},
    "POST /api/v1/jits/{jit}/members": {"name": "B. Owl", "position": "Detective"},
    "POST /api/v1/jits/{jit}/members/{member}/transitions": {"event": "end"},
    "POST /api/v1/jits/{jit}/participants": {"authority_id": "{europol}", "role": "analysis"},
    "POST /api/v1/jits/{jit}/participants/{participant}/transitions": {"event": "end"},
    "POST /api/v1/jits/{jit}/associates": {"name": "B. Owl", "contact": "Office"},
    "POST /api/v1/jits/{jit}/associates/{associate}/transitions": {"event": "end"},
    "POST /api/v1/jits/{jit}/cases": {"case_id": "{case}"},
    "POST /api/v1/jits/{jit}/cases/{link}/transitions": {"event": "end"},
    "POST /api/v1/jits/{jit}/amendments": {"change": "purpose", "purpose": "Another."},
    "POST /api/v1/jits/{jit}/amendments/{amendment}/transitions": {"event": "withdraw", "reason": "settled"},
    "POST /api/v1/jits/{jit}/amendments/{amendment}/signatures": {"text_sha256": "{amended}"},
    "POST /api/v1/jits/{jit}/evaluations": {"outcome": "Good."},
    "POST /api/v1/jits/{jit}/public-statement": STATEMENT,
    "POST /api/v1/jits/{jit}/public-statement/approvals": {"text_sha256": "{told}"},
}
_SINCE = "since = now(), until = now() + interval '99 years'"
_STATES = {
    "/amendments": ("active", "ended_at = null, end_reason = null"),
    "/evaluations": ("evaluation", "ended_at = now(), end_reason = 'goal'"),
    "/public-statement": ("closed", "ended_at = now(), end_reason = 'goal'"),
}


def places(world, owner):
    """A team with one of everything; the page about another that is public."""
    me = world.as_("prosecutor")
    jit = proposed(world, "ro", cases=[world.case("investigator")])
    made = {
        "member": me.post(f"/jits/{jit}/members", {"name": "A. Wren", "position": "Detective"}),
        "participant": me.post(f"/jits/{jit}/participants", {"authority_id": str(world.authorities["desk_fr"]), "role": "support"}),
        "associate": me.post(f"/jits/{jit}/associates", {"name": "A. Owl", "contact": "Office"}),
    }
    as_new(owner, "/public-statement")
    made["statement"] = me.post(f"/jits/{jit}/public-statement", STATEMENT)
    as_new(owner, "/amendments")
    made["amendment"] = me.post(f"/jits/{jit}/amendments", {"change": "purpose", "purpose": "Another."})
    return {
        **{name: answer.json["id"] for name, answer in made.items()},
        "jit": jit,
        "party": next(p["id"] for p in parties(world, "prosecutor", jit) if p["country"] == "NL"),
        "link": me.get(f"/jits/{jit}/cases").json["items"][0]["id"],
        "europol": str(world.authorities["europol"]),
        "agreed": read(world, "prosecutor", jit)["text_sha256"],
        "amended": made["amendment"].json["text_sha256"],
        "told": made["statement"].json["text_sha256"],
        "release": _public(world, owner),
    }


def _public(world, owner):
    known = {"nl": world.authorities["nl"], "who": world.people["prosecutor"], "name": "public"}
    with owner.cursor() as cursor:
        cursor.execute(_TEAM, known)
        (jit,) = cursor.fetchone()
        cursor.execute(
            f"""update jits set state = 'public_statement', {_SINCE}, ended_at = now(), end_reason = 'goal' where id = %(jit)s;
            insert into jit_releases values (gen_random_uuid(), 1, %(jit)s, null, '{{}}', 2026, '{{}}', now(), null) returning id""",
            {"jit": jit},
        )
        return cursor.fetchone()[0]


def as_new(owner, path):
    """Put the team and its rows back into the state in which the endpoint is tried."""
    state, more = next((found for part, found in _STATES.items() if part in path), ("proposed", ""))
    if path.endswith("{jit}/signatures"):
        state = "signature_pending"
    period = f"{_SINCE}, {more}" if more else "since = null, ended_at = null, end_reason = null"
    with owner.cursor() as cursor:
        cursor.execute(
            f"""update jits set version = 1, state = '{state}', {period} where state <> 'public_statement';
            update jit_parties set version = 1;
            update jit_parties set state = 'removed', left_at = now() where country = 'FR' and state = 'party';
            update jit_members set version = 1, state = 'serving', until = null;
            update jit_associates set version = 1, state = 'serving', until = null;
            update jit_participants p set version = 1, until = null, state = case a.type when 'organisation' then 'ended' else 'serving' end
                from authorities a where a.id = p.authority_id;
            update jit_amendments set version = 1, state = 'proposed';
            delete from shared_cases s using cases c, jits j where c.id = s.case_id and c.title = 'A case' and j.id = s.object_id
                and s.shared_at <> (select min(shared_at) from shared_cases x join jits y on y.id = x.object_id);
            update shared_cases set version = 1, ended_at = null"""
        )
