"""Fill a data folder with a synthetic register of any size, in minutes, for measurements at scale.

    python -m bench seed FOLDER [--identifiers 1000000] [--seed 1] [--port 8000]

`bench/synthetic.py` says what the register holds. The rows are those that registrations over HTTP write: values are parsed and
encrypted by the code of the service, keys and match tokens are made from the key file in the folder, and each case has its row in
the queue of the worker. The rows are loaded with COPY as the owner of the database; then the worker finds the overlaps and links
the journal. Quotas are not used up, because nothing is registered by a client.
A register of several million identifiers is one of a million, in the folder beside it that is named 1000000, copied as
`bench/copies.py` says.

A folder that is filled already is left as it is, so it can be used for many measurements. With --port the service is started on it,
and the command prints a token for each authority and waits until it is stopped with Ctrl-C.
"""

import argparse
import contextlib
import io
import itertools
import json
import logging
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg2

from bench import copies, synthetic
from bench.synthetic import AUTHORITIES, DESKS, SyntheticCase
from coopapi import config
from coopapi.access import Actor, Level, Role
from coopapi.cases.models import Case, Subject
from coopapi.identifiers import keys, registration
from coopapi.journal.service import record
from coopapi.ops import administration, demo, demo_people, worker
from coopapi.provisioning import migration
from coopapi.provisioning.embedded_postgres import Embedded
from coopapi.store import crypto, vault
from coopapi.store.db import Database, UnitOfWork, as_json, ids_of
from coopapi.store.putting_off import SMALLEST
from coopapi.unicode_text import fold_reference

Rows = Mapping[str, list[dict[str, Any]]]
CASES_IN_A_LOAD: Final = 1000
LARGEST_LOADED: Final = 1_000_000
"""The most identifiers of a register that is loaded. A larger one is made of copies."""
SPAN: Final = timedelta(days=400)
"""How long ago the first case was registered."""
_CASES_FOR_AN_IDENTIFIER: Final = 1 / 9
HIGHEST_QUOTAS: Final = {f"COOPAPI_QUOTA_{name}": str(10**9) for name in ("HOUR", "DAY", "HIDDEN_HOUR", "HIDDEN_DAY")}
"""Settings of a service whose clients may register as much as a measurement needs."""
_FIRST_SHARE: Final = 0.05
_LONG: Final = 0.5
"""Seconds after which a piece of the worker's work is long, so that the next one is made smaller."""
TABLES: Final = (*copies.WRITTEN, "matching_queue")


@dataclass(frozen=True)
class People:
    """Who registers the synthetic cases: a person of each authority in `AUTHORITIES`, and the desk of each country."""

    actors: Sequence[Actor]
    desks: Mapping[str, UUID]


def enter_people(database: Database, issuer: str = demo_people.ISSUER) -> People:
    """Add the synthetic authorities, an investigator with victim clearance in each, and the desks, unless they exist."""
    actors = []
    for data in AUTHORITIES:
        home = administration.add_authority(database, data)
        role = Role.INVESTIGATOR
        who = {"issuer": issuer, "subject": data["name"], "name": data["name"], "roles": [role], "victim_cleared": True}
        person = administration.add_person(database, home, who)
        named = (data["name"], home, data["name"], data["country"])
        actors.append(Actor(person, "person", *named, role, (role,), victim_cleared=True, operator=False))
    return People(actors, {data["country"]: administration.add_authority(database, data) for data in DESKS})


def rows_of(database: Database, people: People, case: SyntheticCase, now: datetime) -> Rows:
    """Return the rows, by table, that the registration of a case with its subjects and identifiers writes."""
    actor = people.actors[case.home]
    named = (f"seed-{case.number}", actor.purpose, ids_of(now))
    work: Any = UnitOfWork(None, actor, now, database.keys, database.settings, *named, None)  # type: ignore[arg-type]
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    opened, key = _open(work, people, case, rows)
    subjects = [_add_subject(work, opened, body, rows) for body in case.subjects]
    _register(work, opened, key, _items(case, subjects), {subject.id: subject for subject in subjects}, rows)
    caller = {"authority_id": actor.authority_id, "principal_id": actor.id, "role": actor.role, "at": now, "uncleared_only": False}
    rows["journal_entries"] = [{**note, "detail": as_json(note["detail"]), **caller} for note in work.notes]
    return rows


def _open(work: UnitOfWork, people: People, case: SyntheticCase, rows: Any) -> tuple[Case, vault.DataKey]:
    actor, body = work.actor, case.body
    values = {
        "id": work.new_id(),
        "version": 1,
        "case_type": "multilateral" if len({*body["countries"], actor.country}) > 2 else "bilateral",
        "visibility": "hit_no_hit",
        "visibility_reason": None,
        "state": "registered",
        "handling_code": "H0",
        "authority_id": actor.authority_id,
        "created_at": work.now,
        "updated_at": work.now,
        **body,
    }
    opened = Case(**values)
    rows["cases"].append({**values, "reference_folded": fold_reference(body["reference"])})
    _grant(work, opened, actor.authority_id, Level.OWN, "owner", rows)
    if opened.visibility == "hidden":
        rows["hiding_confirmations"].append({"case_id": opened.id, "principal_id": actor.id, "at": work.now})
    else:
        _grant(work, opened, people.desks[str(actor.country)], Level.INDEX, "desk of the country", rows)
    wrapped = vault.new_case_key(work, opened.id)
    rows["case_keys"].append({"case_id": opened.id, "wrapped": wrapped})
    work.note("case.registered", opened, case_id=opened.id, event=True)
    return opened, vault.case_key(work.keys, opened.id, wrapped)


def _grant(work: UnitOfWork, case: Case, authority_id: UUID, level: Level, reason: str, rows: Any) -> None:  # noqa: PLR0913, PLR0917
    of = {"case_id": case.id, "owner_id": case.authority_id, "authority_id": authority_id, "kept_out": False}
    given = {"level": int(level), "reason": reason, "granted_by": work.actor.id, "granted_at": work.now}
    rows["case_access"].append({"id": work.new_id(), "version": 1, **of, **given})


def _add_subject(work: UnitOfWork, case: Case, body: Mapping[str, str], rows: Any) -> Subject:
    age = "presumed_child" if body["category"] == "victim" else "adult"
    values = {"id": work.new_id(), "version": 1, "case_id": case.id, "created_at": work.now, "age_status": age, **body}
    subject = Subject(**values)
    rows["subjects"].append({**values, "pseudonym_folded": fold_reference(body["pseudonym"])})
    of = {"case_id": case.id, "subject_id": subject.id, "category": subject.category}
    rows["subject_categories"].append({"id": work.new_id(), "since": work.now, "set_by": work.actor.id, **of})
    work.note("subject.added", subject, case_id=case.id, event=True, category=subject.category)
    return subject


def _items(case: SyntheticCase, subjects: Sequence[Subject]) -> Iterator[dict[str, Any]]:
    """Yield the items of a registration, with the ids of the subjects."""
    for item in case.items:
        rest = {name: value for name, value in item.items() if name != "subject"}
        yield {**rest, "subjects": [{"id": subjects[item["subject"]].id}]} if "subject" in item else rest


def _register(  # noqa: PLR0913, PLR0917 (what a registration knows)
    work: UnitOfWork,
    case: Case,
    key: vault.DataKey,
    items: Iterable[dict[str, Any]],
    subjects: Mapping[UUID, Subject],
    rows: Any,
) -> None:
    drafts: dict[bytes, registration.IdentifierDraft] = {}
    for item in items:
        draft = registration.draft(work, case, key, item)
        drafts.setdefault(draft.row["fingerprint"], draft)
    rows["identifiers"] += [draft.row for draft in drafts.values()]
    queued: dict[str, Any] = {"case_id": case.id, "tokens": [], "families": [], "compared": []}
    for draft in drafts.values():
        held = keys.holdings(draft.row["id"], draft.item["kind"], draft.held)
        strongest: dict[bytes, int] = {}
        common: dict[bytes, bool] = {}
        for holding in held:
            strongest[holding.token] = max(holding.strength, strongest.get(holding.token, holding.strength))
            common[holding.token] = holding.common and common.get(holding.token, True)
        linked = {"created_at": work.now, "created_by": work.actor.id, "identifier_id": draft.row["id"], "case_id": case.id}
        for link in draft.links:
            rows["identifier_subjects"].append({**linked, **{name: link[name] for name in ("subject_id", "since", "basis")}})
        of = {"case_id": case.id, "identifier_id": draft.row["id"]}
        roles = sorted({subjects[link["subject_id"]].category for link in draft.links}) or None
        told = {"authority_id": case.authority_id, "kind": draft.item["kind"], "roles": roles}
        when = {"hidden": case.visibility == "hidden", "since": work.now, "open_since": work.now}
        rows["holdings"] += [
            {"token": t, **of, **told, "strength": s, "common": common[t], **when} for t, s in sorted(strongest.items())
        ]
        digest = sha256(case.id.bytes + b"".join(t + bytes([s > 0]) for t, s in sorted(strongest.items()))).digest()
        by = {"principal_id": work.actor.id, "hidden": when["hidden"], "at": work.now, "met": False}
        rows["registered_values"].append({**of, "digest": digest, **by})
        queued["tokens"] += [holding.token for holding in held]
        queued["families"] += [holding.family for holding in held]
        queued["compared"] += {draft.row["id"] for holding in held if holding.strength <= 0}
    rows["matching_queue"].append(queued)
    kinds = sorted({draft.item["kind"] for draft in drafts.values()})
    work.note("identifiers.registered", case, case_id=case.id, event=True, count=len(drafts), kinds=kinds)


def copy(connection: Any, every: Sequence[Rows], tables: Sequence[str] = TABLES) -> None:
    """Write rows into their tables with COPY, and commit. Columns that a row does not name keep their default."""
    with connection, connection.cursor() as cursor:
        for table in tables:
            rows = [row for one in every for row in one.get(table, ())]
            if not rows:
                continue
            names = list(dict.fromkeys(name for row in rows for name in row))
            text = "".join("\t".join([_field(row.get(name)) for name in names]) + "\n" for row in rows)
            cursor.copy_expert(f"copy {table} ({', '.join(names)}) from stdin", io.StringIO(text))


def _field(value: Any) -> str:
    if value is None:
        return r"\N"
    text = _literal(value)
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n") if "\\" in text or not text.isprintable() else text


def _literal(value: Any) -> str:
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, list | tuple):
        quoted = (_literal(one).replace("\\", "\\\\").replace('"', '\\"') for one in value)
        return "{" + ",".join(f'"{one}"' for one in quoted) + "}"
    return str(value)


def load(database: Database, connection: Any, people: People, every: Iterable[SyntheticCase], identifiers: int) -> None:
    """Load the cases in portions, and have the worker settle each portion, so that it sees the register grow.

    `identifiers` is their expected number of identifiers, for the time between two cases and the progress. The statistics of the
    tables are renewed whenever the register has doubled, as autovacuum does on a running server. Otherwise the planner goes on with
    plans that it made for empty tables.
    """
    begun, loaded, settled = time.monotonic(), 0, 0.0
    first = database.clock() - SPAN
    step = SPAN / max(1, identifiers * _CASES_FOR_AN_IDENTIFIER)
    for number, cases in enumerate(_portions(every), 1):
        rows = [rows_of(database, people, case, min(first + step * case.number, database.clock())) for case in cases]
        loaded += sum(len(one["identifiers"]) for one in rows)
        copy(connection, rows)
        if number & (number - 1) == 0:
            with connection, connection.cursor() as cursor:
                cursor.execute("analyze")
        now = time.monotonic()
        settle(database)
        settled += time.monotonic() - now
        rate = loaded / (time.monotonic() - begun)
        _say(f"{loaded}/{identifiers} identifiers, {rate:.0f}/s, of {time.monotonic() - begun:.0f} s the worker took {settled:.0f}")
    _say(f"{loaded} identifiers in {time.monotonic() - begun:.0f} s, of which the worker took {settled:.0f}\n")


def _portions(every: Iterable[SyntheticCase]) -> Iterator[list[SyntheticCase]]:
    left = iter(every)
    while cases := list(itertools.islice(left, CASES_IN_A_LOAD)):
        yield cases


def settle(database: Database) -> None:
    """Have the worker find all overlaps and link the journal, in pieces that take about `_LONG`."""
    share, now = _FIRST_SHARE, time.monotonic()
    while worker.work_once(database, share):
        now, last = time.monotonic(), now
        share = min(1, share * 2) if now - last < _LONG else max(share / 2, SMALLEST)


def _say(text: str) -> None:
    print(f"\r{text:100}", end="", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Seeded:
    """A data folder with a synthetic register whose database runs."""

    folder: Path
    postgres: Embedded
    environment: Mapping[str, str]
    database: Database
    people: People
    tokens: Sequence[str]
    """A token for the person of each authority, in the order of `AUTHORITIES`. It is valid for half a day."""

    name: str = "coopapi"
    """The name of the database."""

    @contextlib.contextmanager
    def served(self) -> Iterator[str]:
        """Run the service and yield its URL."""
        url = f"http://{self.environment['COOPAPI_BIND']}"
        with demo.served(self.environment, self.folder / "service.log", url):
            yield url

    @contextlib.contextmanager
    def copied(self) -> Iterator["Seeded"]:
        """Yield a copy of the register in a database of its own, which a run may change. It is dropped at the end."""
        name = f"{self.name}_copy"
        self.database.engine.dispose()
        with self.new_database(name, self.name):
            url = str(self.environment["COOPAPI_DATABASE_URL"]).replace(f"/{self.name}?", f"/{name}?")
            migration.migrate(self.postgres.url(name), url, self.database.keys)  # rights in a database are not copied with it
            yield replace(self, environment={**self.environment, "COOPAPI_DATABASE_URL": url}, name=name)

    @contextlib.contextmanager
    def new_database(self, name: str, template: str = "template1") -> Iterator[str]:
        """Create a database on the same server, yield its address for the owner, and drop it at the end."""
        self._administer(f"drop database if exists {name} with (force)")
        self._administer(f"create database {name} template {template} strategy file_copy")
        try:
            yield self.postgres.url(name).replace("+psycopg2", "")
        finally:
            self._administer(f"drop database {name} with (force)")

    def _administer(self, statement: str) -> None:
        """Run a statement as the owner, on a connection of its own: the server may have been started again since the last one."""
        with contextlib.closing(psycopg2.connect(self.postgres.url("postgres").replace("+psycopg2", ""))) as connection:
            connection.autocommit = True
            connection.cursor().execute(statement)

    def connect(self) -> Any:
        """Connect as the owner of the database."""
        return psycopg2.connect(self.postgres.url(self.name).replace("+psycopg2", ""))

    @property
    def pid(self) -> int:
        """Return the id of the process of the service that runs on this folder."""
        return int((self.folder / "service.pid").read_text())


@contextlib.contextmanager
def seeded(folder: Path, identifiers: int, seed: int = 1, port: int = 0) -> Iterator[Seeded]:
    """Fill the folder, unless it is filled already, and run its database. Raises `SystemExit` if it holds another register."""
    fill(folder, identifiers, seed, port)
    with opened(folder, port, durable=True) as made:
        yield made


def fill(folder: Path, identifiers: int, seed: int = 1, port: int = 0) -> None:
    """Fill the folder, unless it is filled already. Raises `SystemExit` if it holds another register.

    The database in the folder must not run, nor that of the smaller register of which a large one is made.
    """
    wanted = {"identifiers": identifiers, "seed": seed}
    done = folder / "seed.json"
    if not done.exists():
        times = _copy_smaller(folder, identifiers, seed)
        with opened(folder, port, durable=False) as made, contextlib.closing(made.connect()) as connection:
            if times > 1:
                for name in copies.enlarge(connection, made.database.keys, times - 1):
                    _say(f"copying {name} {times - 1} times")
            else:
                _require_empty(connection, folder)
                load(made.database, connection, made.people, synthetic.cases(identifiers, seed), identifiers)
            connection.autocommit = True
            connection.cursor().execute("vacuum analyze")
        done.write_text(json.dumps(wanted))
    if (found := json.loads(done.read_text())) != wanted:
        sys.exit(f"{folder} was filled with {found}: use another folder")


def _copy_smaller(folder: Path, identifiers: int, seed: int) -> int:
    """Begin a large register with a copy of a smaller one. Returns how many times larger it has to be, or 1 if it is not large."""
    times, rest = divmod(identifiers, LARGEST_LOADED)
    if identifiers <= LARGEST_LOADED:
        return 1
    if rest:
        sys.exit(f"more than {LARGEST_LOADED} identifiers must be a multiple of it")
    if folder.exists():
        sys.exit(f"{folder} was not filled completely: delete it or use another folder")
    smaller = folder.with_name(str(LARGEST_LOADED))
    fill(smaller, LARGEST_LOADED, seed)
    subprocess.run(["cp", "-a", smaller, folder], check=True)  # the data belong to the user that PostgreSQL runs as
    (folder / "seed.json").unlink()
    return times


def _require_empty(connection: Any, folder: Path) -> None:
    with connection, connection.cursor() as cursor:
        cursor.execute("select exists (select from identifiers)")
        if cursor.fetchone()[0]:
            sys.exit(f"{folder} holds cases, but was not filled completely: delete it or use another folder")


@contextlib.contextmanager
def opened(folder: Path, port: int, *, durable: bool) -> Iterator[Seeded]:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)  # the user that PostgreSQL runs as must reach its data
    port = demo._free_port(port, folder)  # noqa: SLF001 (one port for one run)
    with Embedded(folder, durable=durable) as postgres:
        environment, signer = demo.prepare(postgres, folder.resolve(), port)
        environment |= HIGHEST_QUOTAS
        settings = config.read(environment)
        database = Database.connect(settings, crypto.load_keys(settings.key_file), record)
        people = enter_people(database)
        tokens = [demo_people.sign(signer, actor.name) for actor in people.actors]
        try:
            yield Seeded(folder, postgres, environment, database, people, tokens)
        finally:
            database.engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--identifiers", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int)
    asked = parser.parse_args()
    logging.getLogger("coopapi").addHandler(logging.NullHandler())
    with seeded(asked.folder, asked.identifiers, asked.seed, asked.port or 0) as found:
        print(f"filled {asked.folder} at {datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
        if asked.port is None:
            return
        with found.served() as url, contextlib.suppress(KeyboardInterrupt):
            print(f"the service runs at {url}, PostgreSQL at {found.postgres.socket}")
            for data, token in zip(AUTHORITIES, found.tokens, strict=True):
                print(f"{data['name']:16} {token}")
            sys.stdout.flush()
            while True:
                time.sleep(3600)


if __name__ == "__main__":
    main()
