"""Clusters: groups of cases that are connected through the overlaps that the caller sees."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from coopapi.identifiers.kinds import STRENGTH_NAMES
from coopapi.overlaps.ranking import strongest_overlaps
from coopapi.store.db import UnitOfWork

MOST_OVERLAPS: Final = 1_000
"""How many overlaps are read, the strongest first."""
MOST_LISTED: Final = 100
"""How many cases, and how many overlaps, one cluster lists."""
_SHORT: Final = 16
_LAST: Final = UUID(int=2**128 - 1)


def clusters(work: UnitOfWork, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Group cases by their strongest overlaps, largest groups first.

    The cases of other authorities are shown under a pseudonym that is the same in every answer to the caller's authority, and
    different for other authorities.
    """
    rows = strongest_overlaps(work, {"strength": "possible", **wanted}, MOST_OVERLAPS + 1)
    work.note("overlaps.consulted", object_type="overlap", consultation=True, count=len(rows))
    linked = rows[:MOST_OVERLAPS]
    groups: dict[UUID, list[Any]] = {}
    root = _roots(linked)
    for row in linked:
        groups.setdefault(root[row.case_a], []).append(row)
    shown = sorted((_show(work, group) for group in groups.values()), key=lambda g: (-g["size"], g["cases"][0]["case_id"] or _LAST))
    return {"items": shown[: wanted.get("limit", 50)], "total": len(shown), "complete": len(rows) <= MOST_OVERLAPS}


def pseudonym_of(work: UnitOfWork, case_id: UUID) -> str:
    """Return the pseudonym of a case for the caller's authority: the same in every answer, another one for other authorities."""
    return work.keys.mac("clusters", f"{work.actor.authority_id}|{case_id}".encode()).hex()[:_SHORT]


def _roots(rows: Sequence[Any]) -> dict[UUID, UUID]:
    """Return for every case the case that represents its group (union-find)."""
    parent: dict[UUID, UUID] = {}

    def find(case: UUID) -> UUID:
        while parent.setdefault(case, case) != case:
            parent[case] = case = parent[parent[case]]
        return case

    for row in rows:
        parent[find(row.case_a)] = find(row.case_b)
    return {case: find(case) for case in list(parent)}


def _show(work: UnitOfWork, group: Sequence[Any]) -> dict[str, Any]:
    owners = {row.case_a: row.authority_a for row in group} | {row.case_b: row.authority_b for row in group}
    mine = work.actor.authority_id
    members = [
        {
            "case_id": case if owner == mine else None,
            "member": pseudonym_of(work, case),
            "authority_id": owner,
        }
        for case, owner in owners.items()
    ]
    # Own cases are sorted by id. Other cases are sorted by a pseudonym, because the order of their ids shows their age.
    members.sort(key=lambda m: (m["case_id"] or _LAST, m["authority_id"], m["member"]))
    strongest = max(row.strength for row in group)
    return {
        "size": len(members),
        "strength": STRENGTH_NAMES[strongest],
        "cases": members[:MOST_LISTED],
        "overlaps": sorted(row.id for row in group[:MOST_LISTED]),
        "complete": max(len(members), len(group)) <= MOST_LISTED,
    }
