"""Reports to the CyberTipline of NCMEC, in the elements that its reporting interface documents, as XML or JSON.

The copies that authorities receive may differ from that interface (verify). docs/interchange.md has the table of elements.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from xml.parsers import expat

from coopapi.imports.sources.common import Converted, FileContent, Line, members, refuse_content, text

Node = dict[str, Any]
_KNOWN: Final = frozenset({"reportId", "incidentSummary", "internetDetails", "personOrUserReported", "victim", "fileDetails"})
_PEOPLE: Final = {"personOrUserReported": ("suspect", "R", "Reported"), "victim": ("victim", "V", "Victim")}
_PERSON: Final = {"personOrUserReported": "personOrUserReportedPerson", "victim": "victimPerson"}
_OF_PERSON: Final = frozenset(
    {"espIdentifier", "espService", "screenName", "profileUrl", "ipCaptureEvent", "deviceId", *_PERSON.values()}
)
_NAMES: Final = frozenset({"firstName", "lastName", "email", "phone", "dateOfBirth"})
_HASHES: Final = {"MD5": "md5", "SHA1": "sha1", "SHA-1": "sha1", "SHA256": "sha256", "SHA-256": "sha256", "PDQ": "pdq"}
_DEVICES: Final = {"IMEI": "imei", "IMSI": "imsi", "ICCID": "iccid"}
_DEEPEST: Final = 20
_LARGEST: Final = 16_000_000


class BrokenReport(Exception):
    """The file is not a report that can be read."""


def convert(plain: bytes, done: Converted) -> Iterator[Line]:
    """Yield the lines of the reports in a file: one report or `reports` in XML, an object or a list of them in JSON.

    A report with the content of a file is refused as a whole. Raises `BrokenReport` if the file cannot be read.
    """
    for number, report in enumerate(_reports(plain), 1):
        try:
            refuse_content(report)
            lines = list(_lines(report, done))
        except FileContent as found:
            done.refuse(number, f"content of a file at {found.pointer}")
        except BrokenReport as fault:
            done.refuse(number, str(fault))
        else:
            done.records += 1
            yield from lines


def _reports(plain: bytes) -> Iterator[Node]:
    if len(plain) > _LARGEST:
        raise BrokenReport(f"the file has more than {_LARGEST} bytes")
    if plain.lstrip()[:1] == b"<":
        root = _from_xml(plain)
        found = list(members(root, "report")) or [root]
    else:
        try:
            said = json.loads(plain)
        except (ValueError, RecursionError):
            raise BrokenReport("the file is neither XML nor JSON") from None
        found = said if isinstance(said, list) else [said]
    for one in found:
        inner = one.get("report", one) if isinstance(one, Mapping) else None
        if not isinstance(inner, dict):
            raise BrokenReport("a report is not an object")
        yield inner


class _Reader:
    """Reads XML without document types. An element with attributes or children becomes an object, another one a text."""

    def __init__(self) -> None:
        self.nodes: list[Node] = [{}]
        self.texts: list[list[str]] = [[]]

    def refuse(self, *_: Any) -> None:
        """Refuse a document type, because it could declare entities."""
        raise BrokenReport("the file declares a document type")

    def start(self, _name: str, attributes: Mapping[str, str]) -> None:
        """Begin an element."""
        if len(self.nodes) > _DEEPEST:
            raise BrokenReport("the elements are nested too deeply")
        self.nodes.append({local(key): value for key, value in attributes.items()})
        self.texts.append([])

    def end(self, name: str) -> None:
        """End an element, and give it to the one around it."""
        node, said = self.nodes.pop(), "".join(self.texts.pop()).strip()
        self.nodes[-1].setdefault(local(name), []).append({**node, "#text": said} if node and said else node or said)

    def characters(self, said: str) -> None:
        """Take a piece of text."""
        self.texts[-1].append(said)


def _from_xml(plain: bytes) -> Node:
    reader, parser = _Reader(), expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.characters
    try:
        parser.Parse(plain, True)  # noqa: FBT003 (as expat has it)
    except expat.ExpatError:
        raise BrokenReport("the file is not well-formed XML") from None
    (root,) = next(iter(reader.nodes[0].values()))
    return root if isinstance(root, dict) else {}


def local(name: str) -> str:
    """Return the name of an element without its namespace."""
    return name.rpartition(" ")[2]


def _lines(report: Node, done: Converted) -> Iterator[Line]:
    number = text(report, "reportId")
    if number is None:
        raise BrokenReport("the report has no reportId")
    case = f"cybertip-{number}"
    summary = next((one for one in members(report, "incidentSummary") if isinstance(one, dict)), {})
    kind = text(summary, "incidentType")
    title = f"CyberTip {number}" + (f": {kind}" if kind else "")
    yield {"type": "case", "external_id": case, "reference": f"CyberTip {number}", "title": title, "crime_categories": ["ocsea"]}
    made = _LinesOfReport(case, f"CyberTip {number}", done)
    yield made.identifier("cybertip", number)
    for element in _PEOPLE:
        for n, person in enumerate((one for one in members(report, element) if isinstance(one, dict)), 1):
            yield from made.person(element, n, person)
    for details in members(report, "internetDetails"):
        for page in members(details, "webPageIncident") if isinstance(details, dict) else ():
            yield from (made.identifier("url", one) for one in members(page, "url"))
    for file in (one for one in members(report, "fileDetails") if isinstance(one, dict)):
        yield from made.hashes(file)
    done.left_out.update(report.keys() - _KNOWN)


class _LinesOfReport:
    """The identifiers of one report, with keys in their order."""

    def __init__(self, case: str, source: str, done: Converted) -> None:
        self.case, self.source, self.done, self.count = case, source, done, 0

    def identifier(self, kind: str, value: str, subject: str | None = None, **context: Any) -> Line:
        """Return the line of an identifier."""
        self.count += 1
        said = {name: one for name, one in context.items() if one}
        return {
            "type": "identifier",
            "case": self.case,
            "external_id": f"I{self.count}",
            "kind": kind,
            "value": value,
            **({"subjects": [{"external_id": subject}]} if subject else {}),
            **({"context": said} if said else {}),
            "source": self.source,
        }

    def person(self, element: str, n: int, said: Node) -> Iterator[Line]:
        """Yield a person or user of a report as a subject with its identifiers."""
        category, letter, word = _PEOPLE[element]
        key = f"{letter}{n}"
        yield {"type": "subject", "case": self.case, "external_id": key, "pseudonym": f"{word} {n}", "category": category}
        platform = text(said, "espService")
        for name, kind in (("screenName", "username"), ("espIdentifier", "platform_user_id")):
            if value := text(said, name):
                if platform:
                    yield self.identifier(kind, value, key, platform=platform)
                else:
                    self.done.left_out[f"{element}.{name} without espService"] += 1
        yield from (self.identifier("url", one, key) for one in members(said, "profileUrl"))
        for event in (one for one in members(said, "ipCaptureEvent") if isinstance(one, dict)):
            if address := text(event, "ipAddress"):
                port = text(event, "port")
                at = {"observed_at": text(event, "dateTime"), "port": int(port) if port and port.isdecimal() else None}
                yield self.identifier("ip", address, key, **at)
        yield from self._devices(element, key, said)
        for person in (one for one in members(said, _PERSON[element]) if isinstance(one, dict)):
            yield from self._named(element, key, person)
        self.done.left_out.update(f"{element}.{name}" for name in said.keys() - _OF_PERSON)

    def _devices(self, element: str, key: str, said: Node) -> Iterator[Line]:
        for device in (one for one in members(said, "deviceId") if isinstance(one, dict)):
            kind, value = _DEVICES.get((text(device, "idType") or "").upper()), text(device, "idValue")
            if kind and value:
                yield self.identifier(kind, value, key)
            else:
                self.done.left_out[f"{element}.deviceId"] += 1

    def _named(self, element: str, key: str, person: Node) -> Iterator[Line]:
        for kind in ("email", "phone"):
            for one in members(person, kind):
                value = one.get("#text") if isinstance(one, dict) else one
                if value:
                    yield self.identifier(kind, value, key)
        name = {part: value for part, field in (("given", "firstName"), ("family", "lastName")) if (value := text(person, field))}
        if name:
            self.count += 1
            born = text(person, "dateOfBirth")
            said = {"names": [name], **({"birth_dates": [born]} if born else {})}
            about = {"type": "person", "case": self.case, "external_id": f"I{self.count}", "subjects": [{"external_id": key}]}
            yield {**about, "person": said, "source": self.source}
        self.done.left_out.update(f"{element}.{_PERSON[element]}.{one}" for one in person.keys() - _NAMES)

    def hashes(self, file: Node) -> Iterator[Line]:
        """Yield the digests of a file. Its name and everything else about it stay."""
        for one in members(file, "originalFileHash"):
            kind = _HASHES.get((text(one, "hashType") or "").upper()) if isinstance(one, dict) else None
            if kind and (value := text(one, "#text") or text(one, "value")):
                yield self.identifier(kind, value)
            else:
                self.done.left_out["fileDetails.originalFileHash"] += 1
        self.done.left_out.update(f"fileDetails.{name}" for name in file.keys() - {"originalFileHash"})
