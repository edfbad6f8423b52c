"""The part of the worker that reads stored identifiers again, after the readers changed (`NORMALISER_VERSION`).

A batch is one transaction: it locks the identifiers and their cases, decrypts the values as they were sent, reads them with today's
readers and stores the result. So nothing is lost and nothing is done twice if the worker is killed.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from coopapi.identifiers import keys
from coopapi.identifiers.drafts import content_of, seal
from coopapi.identifiers.formats.persons import OLD_DIGESTS, outdated
from coopapi.identifiers.kinds import ImpossibleValue
from coopapi.identifiers.registration import read_item
from coopapi.identifiers.service import what_was_sent
from coopapi.matching import engine
from coopapi.store import vault
from coopapi.store.db import Database
from coopapi.store.putting_off import Batch
from coopapi.store.statements import Statement, array
from coopapi.unicode_text import NORMALISER_VERSION

MOST_IDENTIFIERS: Final = 200
"""How many identifiers one transaction reads again."""
MOST_HOLDINGS: Final = 2_000
"""How many outdated tokens one transaction removes."""
READ_BY_OLD_RULES: Final = "read_by_old_rules"
"""The warning about a value that today's reader refuses."""
_NEXT: Final = Statement("select priv.next_rereadings(:normaliser, :most)")
_READ: Final = text("select * from priv.to_reread(:normaliser, cast(:ids as uuid[]))")
_LISTED: Final = text("select * from priv.listed_to_reread(:normaliser, cast(:ids as uuid[]))")
_STORE_LISTED: Final = text("select priv.store_listed(:normaliser, :exclusion, cast(:tokens as bytea[]))")
_DROP: Final = text("select priv.drop_outdated(:normaliser, :most)")
_log = logging.getLogger("coopapi.worker")


def reread(database: Database, batch: Batch) -> None:
    """Read the next listed values, or identifiers of an older version, again. If none is left, remove old tokens."""
    with database.worker() as session:
        asked = {"normaliser": NORMALISER_VERSION}
        ids = array(batch.take(session, _NEXT, **asked, most=MOST_IDENTIFIERS))
        for exclusion, listed in session.execute(_LISTED, {**asked, "ids": ids}).all():
            session.execute(_STORE_LISTED, {**asked, "exclusion": exclusion, "tokens": _listed_tokens(database, listed)})
        rows = session.execute(_READ, {**asked, "ids": ids}).all()
        if rows:
            _reread(database, session, rows)
        else:
            session.execute(_DROP, {**asked, "most": batch.most(MOST_HOLDINGS)})


def _listed_tokens(database: Database, listed: Mapping[str, str]) -> list[bytes]:
    """Return the tokens of a listed value by today's readers; none if they refuse it, so that it keeps its old ones."""
    try:
        return keys.listed_tokens(database.keys, listed)
    except ImpossibleValue:
        return []


def _reread(database: Database, session: Session, rows: Sequence[Row[Any]]) -> None:
    columns: list[dict[str, Any]] = []
    holdings: list[engine.Holding] = []
    for row in rows:
        try:
            changed, read = _read_again(database, row)
        except ImpossibleValue:
            changed, read = _kept(row, READ_BY_OLD_RULES), []
        except Exception as fault:  # noqa: BLE001 (one value that cannot be read does not keep the others waiting)
            _log.error("a stored value cannot be read again", extra={"identifier": str(row.id), "error": type(fault).__name__})
            changed, read = _kept(row, READ_BY_OLD_RULES), []
        columns.append(changed)
        holdings += read
    engine.store_reread(session, NORMALISER_VERSION, columns, holdings)


def _read_again(database: Database, row: Row[Any]) -> tuple[dict[str, Any], list[engine.Holding]]:
    """Return the new columns and holdings of an identifier. Raises `ImpossibleValue` if its reader refuses it today.

    The holdings of a withdrawn identifier, and those of a person that was sent as digests, stay as they are.
    """
    if row.withdrawn:
        return _kept(row), []
    key = vault.case_key(database.keys, row.case_id, row.wrapped)
    item = {"kind": row.kind, **what_was_sent(vault.open_value(key, row.sealed, row.authority_id, row.id))}
    if row.kind == "person" and not item.get("person"):
        return _kept(row, *([OLD_DIGESTS] if outdated(item.get("digest_version")) else [])), []
    reading = read_item(item)
    content = content_of(item, reading)
    columns = {
        **_kept(row),
        "fingerprint": key.fingerprint(row.kind, content.identity).hex(),
        "sealed": seal(key, row.authority_id, row.id, content).hex(),
        "strength": content.strength,
        "warnings": content.warnings,
    }
    return columns, keys.holdings(row.id, row.kind, keys.held(database.keys, reading.keys))


def _kept(row: Row[Any], *warnings: str) -> dict[str, Any]:
    """Return the columns of an identifier that keeps its old reading, with further warnings."""
    return {"id": str(row.id), "warnings": list(dict.fromkeys([*row.warnings, *warnings]))}
