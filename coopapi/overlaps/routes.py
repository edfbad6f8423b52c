"""Overlaps, groups of cases and exclusions over HTTP."""

from dataclasses import replace
from http import HTTPStatus
from typing import Any
from uuid import UUID

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.http.fields import Paged
from coopapi.http.paging import Order, Page, page
from coopapi.http.transitions import with_steps
from coopapi.overlaps import clusters, exclusions, presentation, verification
from coopapi.overlaps.models import Exclusion
from coopapi.overlaps.schemas import (
    ClusterFilter,
    ClusterList,
    ExclusionIn,
    ExclusionOut,
    HighFrequencyList,
    JudgementIn,
    OverlapEvidenceOut,
    OverlapFilter,
    OverlapOut,
    SideQuery,
)
from coopapi.store.db import UnitOfWork

blp = Blueprint(
    "overlaps",
    __name__,
    url_prefix="/api/v1",
    description="Overlaps between cases, their verification, and exclusions from matching",
)


def _list(work: UnitOfWork, wanted: dict[str, Any], case_id: UUID | None = None) -> Page:
    included = wanted.pop("include", None)
    found = presentation.page_of_overlaps(work, wanted, case_id, alone=not included)
    if not included:
        return found
    sides = [{"overlap_id": UUID(one["id"]), "case_id": one["case_id"]} for one in found.items]
    return replace(found, items=with_steps(work, verification.OVERLAP, found.items, sides))


@blp.route(
    "/cases/<uuid:case_id>/overlaps", allow=Action.OVERLAP_READ, query=OverlapFilter, returns=OverlapOut, page=True, settles=True
)
def list_case_overlaps(wanted: dict[str, Any], *, case_id: UUID, work: UnitOfWork) -> Page:
    """List the overlaps of this case, sorted by strength, rarity and the number of shared identifiers."""
    return _list(work, wanted, case_id)


@blp.route("/cases/<uuid:case_id>/overlaps/high-frequency", allow=Action.OVERLAP_READ, returns=HighFrequencyList)
def list_high_frequency_identifiers(case_id: UUID, *, work: UnitOfWork) -> dict[str, Any]:
    """List the identifiers of the case whose value occurs in too many cases to be evidence, with the count."""
    return presentation.high_frequency(work, case_id)


@blp.route("/overlaps", allow=Action.OVERLAP_READ, query=OverlapFilter, returns=OverlapOut, page=True)
def list_overlaps(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List the overlaps of all cases that you may see, sorted by strength, rarity and number of shared identifiers.

    This is the worklist for reviewing overlaps.
    """
    return _list(work, wanted)


@blp.route("/overlaps/clusters", allow=Action.OVERLAP_READ, query=ClusterFilter, returns=ClusterList)
def list_overlap_clusters(wanted: dict[str, Any], *, work: UnitOfWork) -> dict[str, Any]:
    """Group the cases that you may see into clusters that are linked by overlaps.

    Values that occur in too many cases do not count as links.
    """
    return clusters.clusters(work, wanted)


@blp.route("/overlaps/<uuid:overlap_id>", allow=Action.OVERLAP_READ, returns=OverlapOut)
def get_overlap(overlap_id: UUID, *, work: UnitOfWork) -> dict[str, Any]:
    """Show one overlap from your side, with the best 100 items of its evidence."""
    return presentation.show_one(work, overlap_id)


@blp.route("/overlaps/<uuid:overlap_id>/evidence", allow=Action.OVERLAP_READ, query=Paged, returns=OverlapEvidenceOut, page=True)
def list_overlap_evidence(wanted: dict[str, Any], *, overlap_id: UUID, work: UnitOfWork) -> Page:
    """List all evidence of one overlap from your side, the best first."""
    return presentation.show_evidence(work, overlap_id, wanted)


blp.workflow(
    "/overlaps/<uuid:overlap_id>",
    verification.OVERLAP,
    read=Action.OVERLAP_READ,
    act=Action.OVERLAP_JUDGE,
    query=SideQuery,
    body=JudgementIn,
    returns=OverlapOut,
    show=presentation.show_sides,
    about="Take an overlap under verification, confirm or reject it, mark it as uncertain, or release it.",
)


@blp.route("/exclusions", allow=Action.EXCLUSION_READ, query=Paged, returns=ExclusionOut, page=True)
def list_exclusions(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List the exclusions from matching by your authority and by the operator."""
    return page(work, "exclusions", work.all(Exclusion), Order((Exclusion.id,)), wanted)


@blp.route(
    "/exclusions", method="POST", allow=Action.EXCLUSION_MANAGE, body=ExclusionIn, returns=ExclusionOut, status=HTTPStatus.CREATED
)
def add_exclusion(data: dict[str, Any], *, work: UnitOfWork) -> Exclusion:
    """Exclude a value, a kind or an authority, so that it no longer counts as evidence for overlaps of your cases."""
    return exclusions.exclude(work, data)


blp.workflow(
    "/exclusions/<uuid:exclusion_id>",
    exclusions.EXCLUSION,
    read=Action.EXCLUSION_READ,
    act=Action.EXCLUSION_MANAGE,
    returns=ExclusionOut,
    about="Withdraw an exclusion; what it excluded counts as evidence again from then on.",
)
