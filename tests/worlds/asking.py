"""Every GET of the specification, asked as one caller; the ids in paths are those that the caller learnt from lists."""

import json
import re
from dataclasses import dataclass, field

from worlds.play import VALUES

NOBODY = "00000000-0000-4000-8000-000000000000"
FEW = {"authorities": 1, "codelists": 1, "instruments": 1, "providers": 1, "people": 1, "clients": 1, "access": 1, "subjects": 1,
       "identifiers": 2, "facts": 3}  # fmt: skip
MOST = 6
NEEDED = {
    "/api/v1/authorities/competent": "?country=FR&measure=witness_hearing",
    "/api/v1/difficulties": "?country=FR",
    "/api/v1/holidays": "?country=FR&year=2026",
    "/api/v1/instruments/applicable": "?from=NL&to=FR",
    "/api/v1/requirement-notices": "?country=FR",
    "/api/v1/state-index": "?type=disclosure",
    "/api/v1/search": "?q=case",
    "/api/v1/graph": f"?case_id={NOBODY}",
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
    "/api/v1/search": ("?q=fr3", "?q=case+registered", "?q=cases&country=FR", "?q=fr1", "?q=ro2&kind=case", "?q=nl1"),
    "/api/v1/state-index": ("?type=disclosure&missed=true", "?type=request", "?type=meeting", "?type=jit"),
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
        "worklist",
        "search",
        "saved-searches",
        "graph",
        "statistics",
    )
)
TIMELINE = "/api/v1/cases/{case_id}/timeline"
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
    """One caller's questions: about cases and overlaps in every story, every other operation in every eighth one.

    With `only`, it asks nothing but these operations and what lists the ids in their paths.
    """

    def __init__(self, caller, document, turn, only=()):
        self.caller, self.turn, self.only = caller, turn, only
        reading = sorted((path for path, item in document["paths"].items() if "get" in item), key=lambda p: (p.count("{"), p))
        self.templates = [
            path
            for place, path in enumerate(reading)
            if (path.startswith(ALWAYS) or place % IN_TURN == turn % IN_TURN)
            and (not only or any(one.startswith(path) for one in only))
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
        if self.only:
            return self.asked
        for template in PAGED:
            self._pages(template)
        self._timelines()
        self._graphs()
        self._searches()
        return self.asked

    def _timelines(self):
        """Read the timelines of all cases that the caller may read as one, and each alone in pages from its beginning."""
        cases = [case for case in self._listed("/api/v1/cases") if self._reads(case)]
        for case in cases:
            self._pages(TIMELINE, f"/api/v1/cases/{case}/timeline", "&order=asc")
        if cases:
            self._pages("/api/v1/timelines", "/api/v1/timelines", "".join(f"&case_id={case}" for case in cases), shown="")

    def _reads(self, case):
        answer = self.asked.answers.get((TIMELINE, f"/api/v1/cases/{case}/timeline"))
        return answer is not None and answer.status_code == 200

    def _graphs(self):
        """The graph around each case that was listed; its id stands in the path, so that it is known by what is said of it."""
        for case in self._listed("/api/v1/cases"):
            answer = self.caller.get(f"/api/v1/graph?case_id={case}&depth=3", X_Request_Id="walk")
            self.asked.answers["/api/v1/graph", f"/api/v1/graph/{case}?depth=3"] = answer

    def _searches(self):
        """Search for the values of the stories, for one of the cases that the caller reads."""
        template = "/api/v1/search/identifiers"
        for case in [case for case in self._listed("/api/v1/cases") if self._reads(case)][:1]:
            for name, value in VALUES.items():
                body = {"case_id": case, "purpose": "investigation", "identifier": value}
                self.asked.answers[template, f"{template}/{name}"] = self.caller.post(template, body, X_Request_Id="walk")

    def _ask(self, template, path):
        if (template, path) not in self.asked.answers:
            answer = self.caller.get(path, X_Request_Id="walk")
            self.asked.answers[template, path] = answer
            self.read[path] = answer.json if answer.is_json else None
        return self.asked.answers[template, path]

    def _pages(self, template, path=None, query="", shown=None):
        """Read a list in pages of two, by its cursors, as far as there is something on a page."""
        asked, path = f"{path or template}?limit=2{query}", path or template
        pages = [self.caller.get(asked, X_Request_Id="walk")]
        while pages[-1].status_code == 200 and pages[-1].json["items"] and (cursor := pages[-1].json["next"]):
            pages.append(self.caller.get(f"{asked}&cursor={cursor}", X_Request_Id="walk"))
        self.asked.answers[template, f"{path}?limit=2{query if shown is None else shown}&pages={len(pages)}"] = Pages(pages)

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
