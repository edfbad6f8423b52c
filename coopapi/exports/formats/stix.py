"""STIX 2.1 (OASIS): a bundle with observables, identities, relationships and markings. Only what STIX has a place for is in it."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid5

from coopapi.directory import codelists
from coopapi.exports.formats.common import ACCOUNTS, REFERENCES, About, compact, in_words, moment
from coopapi.exports.lines import Line, Portion

Object = dict[str, Any]
_OBSERVABLES: Final = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""The namespace of the ids of observables (STIX 2.1, section 2.9)."""
_VALUES: Final = {"email": "email-addr", "url": "url", "domain": "domain-name", "onion": "domain-name", "mac": "mac-addr"}
_HASHES: Final = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha512": "SHA-512"}
_NOWHERE: Final[Mapping[str, tuple[str, ...]]] = {
    "case": ("crime_categories", "case_type", "countries", "desk"),
    "subject": ("category", "age_status"),
    "identifier": ("context", "basis", "source_grading", "information_grading", "source", "exceptional_processing"),
    "person": ("context", "basis", "source_grading", "information_grading", "source", "exceptional_processing"),
}
"""The fields of each type of line that STIX has no place for."""


class Stix:
    """One bundle. The ids of observables are those of the standard, and all others are made of the keys of the lines."""

    version = "STIX 2.1, coopapi 1"
    media_type = "application/stix+json;version=2.1"
    suffix = "stix.json"

    def head(self, about: About) -> bytes:
        """Return the beginning of the bundle, the authority and the markings."""
        authority = _object(about, "identity", ("authority",), name=about.authority, identity_class="organization")
        authority["description"] = compact(about.said()).decode()
        bundle = b'{"type":"bundle","id":"bundle--%s","objects":[\n' % str(about.names("bundle", str(about.id))).encode()
        return bundle + b",\n".join(map(compact, [authority, *_markings(about)]))

    def portion(self, about: About, portion: Portion) -> bytes:
        """Return the objects of the next lines, and a grouping of them under the name of the case."""
        made: dict[str, Object] = {}
        for line in portion.lines:
            for one in _objects(about, line, portion):
                known = made.setdefault(one["id"], one)
                if known is not one:  # the same value once more: it has the codes of both
                    codes = {*known["object_marking_refs"], *one["object_marking_refs"]}
                    known["object_marking_refs"] = sorted(codes)
        in_case = [line for line in portion.lines if line["type"] != "case"]
        if made and in_case:
            within = in_case[0]["case"]
            key = ("part", within, in_case[0]["external_id"], in_case[0]["type"])
            grouping = _object(about, "grouping", key, name=within, context="unspecified", object_refs=sorted(made))
            made[grouping["id"]] = grouping
        return b"".join(b",\n" + compact(one) for one in made.values())

    def tail(self, about: About, counted: Mapping[str, Any]) -> bytes:
        """Return a note that says what was left out, and the end of the bundle."""
        refs = [_id(about, "identity", "authority")]
        content = f"What was left out, and why: {in_words(counted)}"
        note = _object(about, "note", ("counted", str(about.id)), content=content, object_refs=refs)
        return b",\n" + compact(note) + b"\n]}\n"


def _id(about: About, kind: str, *parts: str) -> str:
    return f"{kind}--{about.names('stix', kind, *parts)}"


def _object(about: About, kind: str, key: tuple[str, ...], code: str = "", **said: Any) -> Object:
    """Return a domain object or a relationship."""
    at = moment(about.made_at)
    marked = {"object_marking_refs": [_id(about, "marking-definition", code)]} if code else {}
    author = {} if key == ("authority",) else {"created_by_ref": _id(about, "identity", "authority")}
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": _id(about, kind, *key),
        **author,
        "created": at,
        "modified": at,
        **said,
        **marked,
    }


def _markings(about: About) -> Iterator[Object]:
    for item in codelists.load("handling_codes").items:
        statement = ". ".join((f"{item.code}: {item.labels['en']}", *about.conditions))
        yield {
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": _id(about, "marking-definition", item.code),
            "created_by_ref": _id(about, "identity", "authority"),
            "created": moment(about.made_at),
            "definition_type": "statement",
            "definition": {"statement": statement},
        }


def _objects(about: About, line: Line, portion: Portion) -> Iterator[Object]:
    if line["type"] == "fact":
        portion.leave_out("fact", "no_place")
        return
    for field in _NOWHERE[line["type"]]:
        portion.leave_out(f"{line['type']}.{field}", "no_place", int(field in line))
    if line["type"] == "case":
        yield _case(about, line)
    elif line["type"] == "subject":
        key = ("subject", line["case"], line["external_id"])
        yield _object(about, "identity", key, name=line["pseudonym"], identity_class="individual", **_known_as(about, line))
    elif line["type"] == "person":
        yield from _person(about, line, portion)
    elif (made := _observable(line, portion.read[line["external_id"]])) is None:
        portion.leave_out(f"identifier:{line['kind']}", "no_place")
    else:
        made["object_marking_refs"] = [_id(about, "marking-definition", line["handling_code"])]
        yield made
        yield from _links(about, made["id"], line)


def _known_as(about: About, line: Line) -> Object:
    known = [{"source_name": f"{about.authority}: {name}", "external_id": line[name]} for name in REFERENCES if name in line]
    return {"external_references": known}


def _case(about: About, line: Line) -> Object:
    """Return the case as a grouping with the authority in it; its parts are groupings of the same name."""
    operation = {"description": line["operation_name"]} if "operation_name" in line else {}
    return _object(
        about,
        "grouping",
        ("case", line["external_id"]),
        line["handling_code"],
        name=line["title"],
        context="unspecified",
        object_refs=[_id(about, "identity", "authority")],
        **operation,
        **_known_as(about, line),
    )


def _person(about: About, line: Line, portion: Portion) -> Iterator[Object]:
    person, key = line["person"], ("person", line["case"], line["external_id"])
    for field in ("birth_dates", "gender", "nationalities", "places"):
        portion.leave_out(f"person.{field}", "no_place", int(field in person))
    names = [one.get("full") or " ".join(filter(None, (one.get("given"), one.get("family")))) for one in person["names"]]
    also = {"description": "Also: " + "; ".join(names[1:])} if names[1:] else {}
    known = _known_as(about, line)
    made = _object(about, "identity", key, line["handling_code"], name=names[0], identity_class="individual", **also, **known)
    yield made
    yield from _links(about, made["id"], line)


def _links(about: About, source: str, line: Line) -> Iterator[Object]:
    for link in line.get("subjects", ()):
        target = _id(about, "identity", "subject", line["case"], link["external_id"])
        since = {"start_time": _zulu(link["since"])} if "since" in link else {}
        said = {"relationship_type": "related-to", "source_ref": source, "target_ref": target, **since}
        basis = f"basis: {link['basis']}"
        yield _object(
            about, "relationship", (source, target, line["external_id"]), line["handling_code"], description=basis, **said
        )


def _zulu(text: str) -> str:
    return moment(datetime.fromisoformat(text).astimezone(UTC))


def _observable(line: Line, value: str) -> Object | None:
    """Return an observable with the id of the standard, or None if STIX has none for this kind."""
    kind, sent = line["kind"], line["value"]
    if kind in ACCOUNTS:
        return _identified("user-account", account_type=kind, user_id=sent)
    if kind in _HASHES:
        return _identified("file", hashes={_HASHES[kind]: value})
    match kind:
        case "ip":
            return _identified("ipv6-addr" if ":" in value else "ipv4-addr", value=value)
        case "file_name":
            return _identified("file", name=sent)
        case "as_number":
            return _identified("autonomous-system", number=int(value.removeprefix("AS")))
    return _identified(_VALUES[kind], value=sent if kind == "email" else value) if kind in _VALUES else None


def _identified(kind: str, **said: Any) -> Object:
    """Return an observable whose id is made of its properties in canonical JSON (RFC 8785)."""
    canonical = compact(dict(sorted(said.items()))).decode()
    return {"type": kind, "spec_version": "2.1", "id": f"{kind}--{uuid5(_OBSERVABLES, canonical)}", **said}
