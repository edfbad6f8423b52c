"""Two worlds' answers, compared byte by byte after what cannot be equal is replaced by what it stands for.

Times and the times inside UUIDv7 are ranked together over all answers of a caller, so that order and equality stay. Random ids and
pseudonyms are numbered as they first appear. An ETag's digest must be that of its body without a cursor, in whose place the ETag has the
day; a cursor stands for the page it leads to, and its length is compared. Hours follow from the times beside them, and are rounded. A hash of a link of the journal, or of a file with ids,
is any hash. Change counters are numbered as they first appear, so that it shows when one changed. Nothing else is touched: numbers, gaps,
lengths and orders are part of the answer.
"""

import json
import re
from datetime import datetime
from hashlib import sha256
from itertools import groupby

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)"
TOKEN = re.compile(f"({UUID})|({TIME})")
DIGEST = re.compile(r'"(?:(v\d+[a-z]*)-)?(?:(d\d{8})-)?([0-9a-f]{16})"')
CURSOR = re.compile(r'(cursor=|"next": ?")([A-Za-z0-9_-]{40,})')
MEMBER = re.compile(r'"member": ?"([0-9a-f]{16})"')
GROUPED = re.compile(r'"overlaps": \[([^]]*)\]')
PSEUDONYM = re.compile("case:[0-9a-f]{16}")
HOURS = re.compile(r'"((?:longest_)?hours)": ?\d+(?:\.\d+)?')
HASH = re.compile(r'"(hash|sha256)": ?"[0-9a-f]{64}"')
LISTS = ("/overlaps", "/clusters", "/worklist", "/graph", "/durations", "/waiting")
CHANGE = re.compile(r'"change": ?"([0-9a-f]{32})"')


def _moment(token):
    """The millisecond that a token tells, or nothing if it is random."""
    if "T" in token:
        return int(datetime.fromisoformat(token).timestamp() * 1000)
    return int(token[:8] + token[9:13], 16) if token[14] == "7" else None


def _things(text):
    """The objects anywhere in an answer that have an id of their own, and no others inside."""
    found = []

    def note(thing):
        if isinstance(thing.get("id"), str) and not any(isinstance(value, dict | list) for value in thing.values()):
            found.append(thing)
        return thing

    body = text.partition("\n\n")[2]
    if body.startswith("{"):
        json.loads(body, object_hook=note)
    return found


class Answers:
    """All answers of one caller in one world, in a form that can be compared."""

    def __init__(self, asked):
        self.raw = {key: HOURS.sub(r'"\1":"<hours>"', _text(key, answer)) for key, answer in asked.items()}
        tokens = {
            match[0]
            for text in (*self.raw.values(), *(path.partition("?")[0] for _, path in self.raw))
            for match in TOKEN.finditer(text)
        }
        moments = sorted({moment for token in tokens if (moment := _moment(token)) is not None})
        self.rank = {moment: place for place, moment in enumerate(moments)}
        self.place = {}
        for moment, same in groupby(sorted(t for t in tokens if "T" not in t and _moment(t) is not None), key=_moment):
            self.place |= {token: (moment, place) for place, token in enumerate(same)}
        self.random = {}
        self.members = {}
        self.changes = {}
        self.about = self._about()
        self.raw = {key: self._settled(key, text) for key, text in self.raw.items()}

    def compared(self):
        """The answers by what was asked, with every token replaced."""
        replaced = {}
        for (_, path), text in sorted(self.raw.items(), key=self._order):
            address, _, query = path.partition("?")
            replaced[f"{self._replaced(address)}?{query}"] = self._replaced(text)
        return replaced

    def _ranked(self, text):
        """A text with the ranks of its times, without what tells one random id from another."""

        def token(match):
            moment = _moment(match[0])
            return "<random>" if moment is None else f"<{self.rank[moment]} {self.place.get(match[0], (0, 0))[1]}>"

        return CHANGE.sub("<change>", MEMBER.sub("<member>", CURSOR.sub("<cursor>", TOKEN.sub(token, text))))

    def _order(self, entry):
        (template, path), text = entry
        return template, TOKEN.sub("<id>", path), self._known(path), self._ranked(text)

    def _known(self, path):
        return [self.place.get(match[0], (0, 0)) for match in TOKEN.finditer(path)], [
            self.about.get(match[0], "") for match in TOKEN.finditer(path)
        ]

    def _replaced(self, text):
        def token(match):
            moment = _moment(match[0])
            if moment is None:
                return f"<random {self.random.setdefault(match[0], len(self.random))}>"
            if match[2]:
                return f"<time {self.rank[moment]}>"
            return f"<id {self.rank[moment]}.{self.place[match[0]][1]}>"

        text = MEMBER.sub(lambda m: f'"member": "<member {self.members.setdefault(m[1], len(self.members))}>"', text)
        text = CHANGE.sub(lambda m: f'"change": "<change {self.changes.setdefault(m[1], len(self.changes))}>"', text)
        text = TOKEN.sub(token, CURSOR.sub(lambda m: f"{m[1]}<cursor of {len(m[2])}>", HASH.sub(r'"\1": "<hash>"', text)))
        return GROUPED.sub(lambda m: f'"overlaps": [{", ".join(sorted(m[1].split(", ")))}]', text)

    def _about(self):
        """What all answers say of each random id, by which those with one rank in a list are told apart."""
        about = {}
        for (template, path), text in sorted(self.raw.items()):
            for match in TOKEN.finditer(path):
                if _moment(match[0]) is None:
                    about.setdefault(match[0], []).append(f"{template} {self._ranked(text)}")
            for thing in _things(text):
                about.setdefault(thing["id"], []).append(f"{template} {self._ranked(json.dumps(thing))}")
        return {one: "\n".join(sorted(said)) for one, said in about.items()}

    def _settled(self, key, text):
        """Lists in which a random id decides between equals: those stand in the order of what is said of them."""
        template = key[0]
        listed = template.endswith(LISTS) and not template.startswith("/api/v1/statistics/")
        if not listed or not text.startswith("200"):
            return text
        head, body = text.split("\n\n", 1)
        shown = json.loads(body)
        if template.endswith("/graph"):
            shown = self._drawn(shown)
        elif template.endswith("/durations"):
            shown["items"] = self._told_apart(shown["items"], lambda one: (one["stages"][0]["since"], one["type"], one["kind"]))
        elif template.endswith("/waiting"):
            shown["waiting"] = self._told_apart(
                shown["waiting"], lambda one: (one["due_at"], one["since"], one["type"], one["kind"])
            )
        elif template.endswith("/clusters"):
            for group in shown["items"]:
                group["cases"].sort(key=lambda c: (c["case_id"] or "~", c["authority_id"]))
        elif template.endswith("/worklist"):
            rest = [item for item in shown["items"] if item["type"] != "overlap"]
            overlaps = [item for item in shown["items"] if item["type"] == "overlap"]  # their order is that of the list of overlaps
            assert shown["items"] == rest + overlaps
            overlaps.sort(key=lambda one: (self._ranked(json.dumps(one)), one["case_id"], self.about.get(one["id"], "")))
            shown["items"] = rest + overlaps
        else:
            shown["items"] = self._in_order(shown["items"])
        return f"{head}\n\n{json.dumps(shown, ensure_ascii=False)}"

    def _drawn(self, graph):
        """A graph in which each pseudonym is replaced by what is said of its edges, and nodes and edges stand in the order of what is said."""
        hidden = {node["id"] for node in graph["nodes"] if PSEUDONYM.fullmatch(node["id"])}
        said = {
            one: " ".join(
                sorted(
                    self._ranked(json.dumps(e).replace(one, "<it>")) for e in graph["edges"] if one in (e["source"], e["target"])
                )
            )
            for one in hidden
        }
        names = {one: f"<member {said[one]}>" for one in hidden}
        nodes = [{**node, "id": names.get(node["id"], node["id"])} for node in graph["nodes"]]
        edges = [{**e, **{end: names.get(e[end], e[end]) for end in ("source", "target")}} for e in graph["edges"]]
        nodes.sort(key=lambda node: (node["distance"], self._ranked(json.dumps(node))))
        edges.sort(key=lambda edge: (self._ranked(json.dumps(edge)), self.about.get(edge.get("overlap_id"), "")))
        return {**graph, "nodes": nodes, "edges": edges}

    def _told_apart(self, items, rank):
        """Keep the order by rank; put those of one rank in the order of what is said of them."""
        return [
            one
            for _, same in groupby(items, key=rank)
            for one in sorted(same, key=lambda one: (self._ranked(json.dumps(one)), self.about.get(one["id"], "")))
        ]

    def _in_order(self, items):
        """Keep the order by rank; put those of one rank in the order of what is said of them."""
        settled, group, rank = [], [], None
        for item in [*items, None]:
            now = item and (item["strength"], item["rarity"], max(item["of_mine"], item["of_theirs"]))
            if now != rank:
                settled += sorted(
                    group, key=lambda one: (self._ranked(json.dumps(one)), one["case_id"], self.about.get(one["id"], ""))
                )
                group, rank = [], now
            group.append(item)
        return settled


def _text(key, answer):
    """An answer as it goes over the wire: status, headers, body."""
    body = answer.get_data(as_text=True)
    headers = {name: value for name, value in answer.headers.items() if name != "Date"}
    tag = DIGEST.fullmatch(headers.get("ETag", ""))
    if tag:
        whole = re.sub(r'("next": ?)"[A-Za-z0-9_-]{300,}"', r'\1""', body)
        assert (tag[3], bool(tag[2])) == (sha256(whole.encode()).hexdigest()[:16], whole != body), key
        headers["ETag"] = f'"{tag[1] or ""}-<digest>"'
    lines = "\n".join(f"{name}: {value}" for name, value in headers.items())
    return f"{answer.status_code}\n{lines}\n\n{body}"


def differences(one, other):
    """Where two worlds answer differently: what was asked, with the first line that differs in each."""
    first, second = Answers(one).compared(), Answers(other).compared()
    found = []
    for path in sorted(first.keys() | second.keys()):
        here, there = first.get(path, "not asked"), second.get(path, "not asked")
        if here != there:
            found.append((path, *_apart(here, there)))
    return found


def _apart(here, there):
    at = next((n for n, (a, b) in enumerate(zip(here, there, strict=False)) if a != b), min(len(here), len(there)))
    return here[max(0, at - 120) : at + 160], there[max(0, at - 120) : at + 160]
