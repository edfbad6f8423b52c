"""Every GET of the specification, asked as one caller; the ids in paths are those that the caller learnt from lists."""

import json
import re
from dataclasses import dataclass, field

NOBODY = "00000000-0000-4000-8000-000000000000"
FEW = {"authorities": 1, "codelists": 1, "instruments": 1, "providers": 1, "people": 1, "clients": 1, "access": 1, "subjects": 1,
       "identifiers": 2}  # fmt: skip
MOST = 6
NEEDED = {
    "/api/v1/authorities/competent": "?country=FR&measure=witness_hearing",
    "/api/v1/difficulties": "?country=FR",
    "/api/v1/holidays": "?country=FR&year=2026",
    "/api/v1/instruments/applicable": "?from=NL&to=FR",
    "/api/v1/requirement-notices": "?country=FR",
    "/api/v1/state-index": "?type=disclosure",
    "/api/v1/statistics/e-evidence": "?year=2026",
    "/api/v1/statistics/eurojust": "?year=2026",
}
ASKED_TOO = {
    "/api/v1/overlaps": (
        "?totals=true", "?strength=weak", "?strength=strong", "?scope=across", "?role=suspect-victim", "?role=suspect-suspect",
        "?kind=email", "?country=FR", "?since=2026-12-01T08:10:00Z",
        *(f"?state={state}" for state in ("detected", "under_verification", "confirmed", "rejected", "unsure", "withdrawn")),
    ),
    "/api/v1/overlaps/clusters": ("?strength=weak", "?strength=strong"),
    "/api/v1/worklist": (
        "?counts=true", "?type=overlap", "?type=disclosure", "?overdue=true", "?assignee=none", "?assignee=me", "?urgency=urgent",
    ),
    "/api/v1/statistics/overlaps": ("?by=strength,state", "?by=identifier_kind,counterpart_country", "?by=quarter,crime_category"),
    "/api/v1/statistics/cases": ("?by=state,crime_category", "?by=authority", "?by=stage"),
    "/api/v1/statistics/requests": ("?by=kind,outcome", "?by=crime_category", "?by=executing_country"),
    "/api/v1/disclosures": ("?side=owner", "?side=asking", "?overdue=true", "?state=requested"),
    "/api/v1/state-index": ("?type=disclosure&missed=true", "?type=request", "?type=meeting", "?type=team"),
}  # fmt: skip
ALWAYS = tuple(
    f"/api/v1/{name}"
    for name in (
        "cases",
        "overlaps",
        "disclosures",
        "exclusions",
        "events",
        "journal",
        "me",
        "state-index",
        "statistics",
        "worklist",
    )
)
IN_TURN = 8
PAGED = ("/api/v1/overlaps", "/api/v1/events", "/api/v1/disclosures", "/api/v1/exclusions", "/api/v1/cases")


class Pages:
    """A list that was read in pages, as if it were one answer: how it was cut, how long each cursor is, and what is on the pages."""

    def __init__(self, pages):
        self.status_code = pages[-1].status_code
        self.headers = {"Cursors": ", ".join(str(len(page.json.get("next") or "")) for page in pages)}
        self.body = {"items": [item for page in pages for item in page.json.get("items", ())]}

    def get_data(self, *, as_text):
        assert as_text
        return json.dumps(self.body, ensure_ascii=False)


@dataclass
class Asked:
    """What one caller was answered, by operation and path."""

    answers: dict = field(default_factory=dict)


class Walk:
    """One caller's questions: about cases and overlaps in every story, every other operation in every eighth one."""

    def __init__(self, caller, document, turn):
        self.caller, self.turn = caller, turn
        reading = sorted((path for path, item in document["paths"].items() if "get" in item), key=lambda p: (p.count("{"), p))
        self.templates = [
            path for place, path in enumerate(reading) if path.startswith(ALWAYS) or place % IN_TURN == turn % IN_TURN
        ]
        self.asked = Asked()
        self.read = {}

    def everything(self):
        for template in self.templates:
            for path in self._paths(template):
                self._ask(template, path + NEEDED.get(template, ""))
            for place, query in enumerate(ASKED_TOO.get(template, ())):
                if place % 3 == self.turn % 3:
                    self._ask(template, template + query)
        for template in PAGED:
            self._pages(template)
        return self.asked

    def _ask(self, template, path):
        if (template, path) not in self.asked.answers:
            answer = self.caller.get(path, X_Request_Id="walk")
            self.asked.answers[template, path] = answer
            self.read[path] = answer.json if answer.is_json else None
        return self.asked.answers[template, path]

    def _pages(self, template):
        """Read a list in pages of two, by its cursors, as far as there is something on a page."""
        pages = [self.caller.get(f"{template}?limit=2", X_Request_Id="walk")]
        while pages[-1].status_code == 200 and pages[-1].json["items"] and (cursor := pages[-1].json["next"]):
            pages.append(self.caller.get(f"{template}?limit=2&cursor={cursor}", X_Request_Id="walk"))
        self.asked.answers[template, f"{template}?limit=2&pages={len(pages)}"] = Pages(pages)

    def _paths(self, template):
        paths = [""]
        for part in template.strip("/").split("/"):
            found = re.fullmatch(r"\{(\w+)\}(.*)", part)
            if found is None:
                paths = [f"{path}/{part}" for path in paths]
            else:
                paths = [f"{path}/{one}{found[2]}" for path in paths for one in self._listed(path)]
        return paths

    def _listed(self, path):
        """The ids in a list that was read, or one that nobody has."""
        listed = self.read.get(path) or {}
        items = next((value for value in listed.values() if isinstance(value, list)), []) if isinstance(listed, dict) else listed
        ids = [item.get("id") or item.get("code") or item.get("name") for item in items if isinstance(item, dict)]
        return [one for one in ids if one][: FEW.get(path.rsplit("/", 1)[-1], MOST)] or [NOBODY]
