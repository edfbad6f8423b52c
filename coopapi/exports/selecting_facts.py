"""Which facts of a case are exported, with those of their subjects and identifiers that are in the file."""

from collections.abc import Mapping
from uuid import UUID

from coopapi.cases.models import Case, Identifier
from coopapi.exports.lines import Portion, Terms, fact_line, key_of
from coopapi.exports.models import Export
from coopapi.exports.selecting import ConsideredIdentifier, considered, last_of, next_rows, subjects_in_file
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
    identifiers = _identifiers(work, job, terms, {link["id"] for row in rows for link in items[row.id]["identifiers"]})
    for row in rows:
        tied = (identifiers[link["id"]].why_tied for link in items[row.id]["identifiers"] if link["id"] in identifiers)
        if why := terms.why_fact_left_out(row) or next(filter(None, tied), None):
            portion.leave_out("fact", why)
        else:
            sent.append(row)
    subjects = subjects_in_file(work, job, {link["id"] for row in sent for link in items[row.id]["subjects"]})
    for row in sent:
        code = terms.code(row.handling_code)
        portion.codes.add(code)
        named = [key_of(subjects[link["id"]]) for link in items[row.id]["subjects"] if link["id"] in subjects]
        found = [identifiers[link["id"]] for link in items[row.id]["identifiers"] if link["id"] in identifiers]
        kept = [key_of(one.row) for one in found if one.why is None]
        for why in (one.why for one in found if one.why is not None):
            portion.leave_out("fact.identifier", why)
        portion.lines.append(fact_line(row, key_of(case), items[row.id], {"subjects": named, "identifiers": kept}, code))
        portion.leave_out("fact.history", "no_place", int(row.version > 1))
    return portion, last_of(rows)


def _identifiers(work: UnitOfWork, job: Export, terms: Terms, ids: set[UUID]) -> Mapping[UUID, ConsideredIdentifier]:
    """Return those of these identifiers that the case had then, each with the reasons why it, or facts with it, are left out."""
    query = work.all(Identifier).where(Identifier.id.in_(ids), Identifier.created_at <= job.created_at)
    rows = work.session.scalars(query).all() if ids else ()
    return {one.row.id: one for one in considered(work, job, terms, rows)}
