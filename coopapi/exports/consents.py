"""Consents of originators: each is for what one case has under the code H2 or H3, because originators decide separately."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from coopapi.errors import broken
from coopapi.exports.models import Export


def stored(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the consents as they are stored. One that names no case is for the only case of the export."""
    said = ({"case_id": data["case_id"], **one} for one in data.get("consents", ()))
    return [{**one, "case_id": str(one["case_id"]), "given_on": one["given_on"].isoformat()} for one in said]


def faults(job: Export, data: Mapping[str, Any], latest: date) -> list[dict[str, str]]:
    """Return what is wrong with consents: a case that is missing or not in the export, missing conditions, a day after `latest`."""
    found = []
    for n, one in enumerate(data.get("consents", ())):
        if "case_id" not in one and job.also_case_ids:
            found.append(broken(f"/consents/{n}/case_id", "required", "The export has several cases. Name that of this consent."))
        elif one.get("case_id", job.case_id) not in job.case_ids:
            found.append(broken(f"/consents/{n}/case_id", "case", "The export does not have this case."))
        if one["handling_code"] == "H3" and not one.get("conditions"):
            found.append(broken(f"/consents/{n}/conditions", "H3", "The handling code H3 needs a text with its restrictions."))
        if one["given_on"] > latest:
            found.append(broken(f"/consents/{n}/given_on", "order_of_time", "The day must not be in the future."))
    return found


def conditions(consents: Sequence[Mapping[str, Any]], references: Mapping[str, str]) -> list[str]:
    """Return the conditions of consents, each with its code, and with the reference of its case if there are several.

    `references` are those of the cases of the export by their ids.
    """
    told = []
    for one in consents:
        of_case = f" ({references[one['case_id']]})" if len(references) > 1 else ""
        if one.get("conditions"):
            told.append(f"{one['handling_code']}{of_case}: {one['conditions']}")
    return told
