"""What an import and the worker read does not grow with the register, also if the database knows nothing yet of how large it is."""

from io import BytesIO

import psycopg2
import pytest
from registers import provisioned
from sqlalchemy import event
from test_imports import ndjson

from coopapi.auth.authentication import actor_of
from coopapi.imports import service
from coopapi.ops import administration
from coopapi.ops.worker import work_until_done
from coopapi.store.transaction import renew_plans

GROWN = 4_000
"""How many rows of each table are added."""
CLIENT = {"issuer": "https://growing.test", "subject": "client", "name": "client", "roles": ["system"], "victim_cleared": False}
NAMES = ("Ilka Brandt", "Teo Marchetti", "Sunniva Dahl", "Goran Petrov", "Maeve Quill", "Wout Zijlstra", "Aino Lehto", "Rui Falcao")
GROW = """
    set session_replication_role = replica;
    insert into cases select (jsonb_populate_record(x, jsonb_build_object('id', gen_random_uuid(), 'reference', n, 'reference_folded', n, 'external_id', n))).*
        from cases x, generate_series(1, %(grown)s) n where x.ctid = (select ctid from cases limit 1);
    insert into case_keys select c.id, k.wrapped from cases c, (select * from case_keys limit 1) k
        where not exists (select from case_keys o where o.case_id = c.id);
    insert into subjects select (jsonb_populate_record(x, jsonb_build_object('id', gen_random_uuid(), 'pseudonym_folded', n, 'external_id', n))).*
        from subjects x, generate_series(1, %(grown)s) n where x.ctid = (select ctid from subjects limit 1);
    insert into identifiers select (jsonb_populate_record(x, jsonb_build_object('id', gen_random_uuid(), 'external_id', n,
            'fingerprint', '\\x' || encode(sha256(n::text::bytea), 'hex')))).*
        from identifiers x, generate_series(1, %(grown)s) n where x.ctid = (select ctid from identifiers limit 1);
    insert into holdings select (jsonb_populate_record(x, jsonb_build_object('identifier_id', gen_random_uuid(), 'case_id', gen_random_uuid(),
            'token', '\\x' || encode(sha256(n::text::bytea), 'hex')))).*
        from holdings x, generate_series(1, %(grown)s) n where x.ctid = (select ctid from holdings limit 1);
    insert into likenesses (identifier_a, identifier_b, case_a, case_b, score, strength, rule)
        select least(n.a, n.b), greatest(n.a, n.b), n.c, n.d, 0.5, 2, 'grown' from (
            select gen_random_uuid() a, gen_random_uuid() b, gen_random_uuid() c, gen_random_uuid() d from generate_series(1, %(grown)s)) n;
    insert into case_overlaps select (jsonb_populate_record(null::case_overlaps, '{
            "state": "withdrawn", "strength": 0, "rarity": 0, "score": 0, "kinds": [], "roles": [], "shared_a": 0, "shared_b": 0, "rank": 0,
            "open_strength": 0, "open_rarity": 0, "open_score": 0, "open_kinds": [], "open_roles": [], "open_shared_a": 0,
            "open_shared_b": 0, "open_rank": 0, "hidden_a": false, "hidden_b": false, "changed_at": "2026-01-01"}' || jsonb_build_object(
            'id', gen_random_uuid(), 'case_a', least(n.a, n.b), 'case_b', greatest(n.a, n.b), 'authority_a', n.a, 'authority_b', n.b))).*
        from (select gen_random_uuid() a, gen_random_uuid() b from generate_series(1, %(grown)s)) n;
"""
READ = """
    select t.relname, t.seq_tup_read + (select sum(i.idx_tup_read) from pg_stat_user_indexes i where i.relid = t.relid)
    from pg_stat_user_tables t where t.relname in ('cases', 'case_keys', 'subjects', 'identifiers', 'holdings', 'case_overlaps', 'likenesses')
"""


def lines(first, cases):
    for case in range(first, first + cases):
        yield {"type": "case", "external_id": f"C{case}", "reference": f"R-{case}", "title": "A case"}
        yield {"type": "subject", "case": f"C{case}", "external_id": "S1", "pseudonym": "P1", "category": "suspect"}
        born = {"names": [{"full": NAMES[case % len(NAMES)]}], "birth_dates": [f"198{case % len(NAMES)}-01-02"]}
        about = {"case": f"C{case}", "subjects": [{"external_id": "S1"}]}
        yield {"type": "identifier", "external_id": "I1", "kind": "email", "value": f"wren{case % len(NAMES)}@example.org", **about}
        yield {"type": "person", "external_id": "I2", "person": born, **about}


@pytest.fixture
def growing(postgres, migrated, tmp_path):
    """A register, a function that imports cases and does all that follows, and the owner's connection."""
    with provisioned(postgres, tmp_path) as (_, database):
        home = administration.add_authority(database, {"name": "Police", "type": "police_unit", "country": "NL"})
        administration.add_person(database, home, CLIENT)
        renew_plans(database.engine, 0)

        @event.listens_for(database.engine, "checkin")
        def tell(driver, _):
            driver.cursor().execute("select pg_stat_force_next_flush()")

        def bring(sent):
            with database.work(lambda opening: actor_of(opening, CLIENT["issuer"], "client", None), "test") as work:
                service.receive(work, BytesIO(ndjson(*sent)), "application/x-ndjson", {}, compressed=False)
            work_until_done(database)

        owner = psycopg2.connect(postgres.url(database.engine.url.database).replace("+psycopg2", ""))
        owner.autocommit = True
        yield bring, owner.cursor()
        owner.close()


def test_an_import_and_what_follows_it_reads_no_whole_table(growing):
    bring, owner = growing
    bring(lines(0, 8))
    owner.execute(GROW, {"grown": GROWN})
    owner.execute(READ)
    before = dict(owner.fetchall())
    bring(lines(8, 8))
    owner.execute(READ)
    read = {table: count - before[table] for table, count in owner.fetchall()}
    assert {table: count for table, count in read.items() if count >= GROWN} == {}
    assert min(read.values()) > 0


def test_two_cases_with_many_similar_persons_are_compared_by_reading_the_keys_of_each_pair(growing):
    bring, owner = growing
    persons = 300

    def namesakes(case):
        yield {"type": "case", "external_id": f"N{case}", "reference": f"N-{case}", "title": "A case"}
        yield {"type": "subject", "case": f"N{case}", "external_id": "S1", "pseudonym": "P1", "category": "suspect"}
        for number in range(persons):
            given = "".join("bdfgklmnpr"[int(digit)] + "aeiou"[int(digit) % 5] for digit in f"{number:04d}")
            born = {"names": [{"full": f"{given} Verholt"}], "birth_dates": [f"{1930 + number % 70}-0{number % 9 + 1}-11"]}
            about = {"case": f"N{case}", "subjects": [{"external_id": "S1"}]}
            yield {"type": "person", "external_id": f"I{number}", "person": born, **about}

    bring(namesakes(0))
    owner.execute(READ)
    before = dict(owner.fetchall())
    bring(namesakes(1))
    owner.execute(READ)
    read = {table: (count - before[table]) / persons / 2 for table, count in owner.fetchall()}
    assert 0 < read["holdings"] < 1000, read  # for each person; a person has 23 keys here
    assert 0 < read["identifiers"] < 200, read
