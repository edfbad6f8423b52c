"""Which facts of a case are exported, with those of their subjects and identifiers that are in the file."""

from collections.abc import Mapping
from uuid import UUID

from coopapi.cases.models import Case, Identifier
from coopapi.exports.lines import Portion, Terms, fact_line, key_of
from coopapi.exports.models import Export
from coopapi.exports.selecting import considered, last_of, next_rows, subjects_in_file
from coopapi.facts.models import Fact
from coopapi.facts.service import as_items
from coopapi.store.db import UnitOfWork


def portion_of_facts(work: UnitOfWork, job: Export, case: Case, terms: Terms) -> tuple[Portion, UUID | None]:
    """Return the next facts, and the id of the last one, or None if there are no more.

    The earlier states of a fact have no place in a file. A link to an identifier that is not in the file is left out and counted.
    """
    rows = work.session.scalars(next_rows(work.all(Fact), Fact, Fact.recorded_at, job)).all()
    portion, items = Portion(), as_items(work, rows)
    sent = []
    for row in rows:
        if why := terms.why_fact_left_out(row):
            portion.leave_out("fact", why)
        else:
            sent.append(row)
    subjects = subjects_in_file(work, job, {link["id"] for row in sent for link in items[row.id]["subjects"]})
    identifiers = _identifiers(work, job, terms, {link["id"] for row in sent for link in items[row.id]["identifiers"]})
    for row in sent:
        code = terms.code(row.handling_code)
        portion.codes.add(code)
        named = [key_of(subjects[link["id"]]) for link in items[row.id]["subjects"] if link["id"] in subjects]
        found = [identifiers[link["id"]] for link in items[row.id]["identifiers"] if link["id"] in identifiers]
        kept = [key for key, why in found if why is None]
        for why in (why for _, why in found if why is not None):
            portion.leave_out("fact.identifier", why)
        portion.lines.append(fact_line(row, key_of(case), items[row.id], {"subjects": named, "identifiers": kept}, code))
        portion.leave_out("fact.history", "no_place", int(row.version > 1))
    return portion, last_of(rows)


def _identifiers(work: UnitOfWork, job: Export, terms: Terms, ids: set[UUID]) -> Mapping[UUID, tuple[str, str | None]]:
    """Return the keys of those identifiers that the case had then, each with the reason why it is not in the file, or None."""
    query = work.all(Identifier).where(Identifier.id.in_(ids), Identifier.created_at <= job.created_at)
    rows = work.session.scalars(query).all() if ids else ()
    return {one.row.id: (key_of(one.row), one.why) for one in considered(work, job, terms, rows)}
