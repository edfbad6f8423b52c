"""CASE 1.5 with UCO as JSON-LD: an investigation with observable objects, persons, relationships and markings."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from coopapi.directory import codelists
from coopapi.exports.formats.common import ACCOUNTS, REFERENCES, About, compact, in_words
from coopapi.exports.lines import Line, Portion

Node = dict[str, Any]
_UCO: Final = "https://ontology.unifiedcyberontology.org/uco/"
_CONTEXT: Final = {
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    **{f"uco-{name}": f"{_UCO}{name}/" for name in ("core", "identity", "marking", "observable", "types")},
}
_FACETS: Final[Mapping[str, tuple[str, str, str]]] = {
    "phone": ("PhoneAccount", "PhoneAccountFacet", "phoneNumber"),
    "email": ("EmailAddress", "EmailAddressFacet", "addressValue"),
    "mac": ("MACAddress", "MACAddressFacet", "addressValue"),
    "url": ("URL", "URLFacet", "fullValue"),
    "domain": ("DomainName", "DomainNameFacet", "value"),
    "onion": ("DomainName", "DomainNameFacet", "value"),
    "file_name": ("File", "FileFacet", "fileName"),
    "imei": ("MobileDevice", "MobileDeviceFacet", "IMEI"),
    "imsi": ("SIMCard", "SIMCardFacet", "IMSI"),
    "iccid": ("SIMCard", "SIMCardFacet", "ICCID"),
    "serial_number": ("Device", "DeviceFacet", "serialNumber"),
    "ssid": ("WirelessNetworkConnection", "WirelessNetworkConnectionFacet", "ssid"),
}
"""The class, the facet and the property for the value of each kind that has one."""
_HASHES: Final = {"md5": "MD5", "sha1": "SHA1", "sha256": "SHA256", "sha512": "SHA512"}
"""The kinds that are cryptographic digests of files, with their names in CASE."""
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TAGS: Final = (
    "kind", "crime_categories", "case_type", "countries", "desk", "category", "age_status", "basis", "source_grading",
    "information_grading",
)  # fmt: skip


class CaseUco:
    """One JSON-LD document with a graph. Codes are tags, and handling codes are markings."""

    version = "CASE 1.5, coopapi 1"
    media_type = "application/ld+json"
    suffix = "jsonld"

    def head(self, about: About) -> bytes:
        """Return the context, the authority and the markings."""
        authority = {
            "@id": _id(about, "authority"),
            "@type": "uco-identity:Organization",
            "uco-core:name": about.authority,
            "uco-core:description": compact(about.said()).decode(),
        }
        nodes = [authority, *_markings(about)]
        return b'{"@context":' + compact(_CONTEXT) + b',"@graph":[\n' + b",\n".join(map(compact, nodes))

    def portion(self, about: About, portion: Portion) -> bytes:
        """Return the objects of the next lines."""
        return b"".join(b",\n" + compact(node) for line in portion.lines for node in _nodes(about, line, portion))

    def tail(self, about: About, counted: Mapping[str, Any]) -> bytes:
        """Return the last object, which says what was left out, and the end of the document."""
        bundle = {
            "@id": _id(about, "counted", str(about.id)),
            "@type": "uco-core:Bundle",
            "uco-core:object": [{"@id": _id(about, "authority")}],
            "uco-core:name": "What was left out, and why",
            "uco-core:description": in_words(counted),
        }
        return b",\n" + compact(bundle) + b"\n]}\n"


def _id(about: About, *parts: str) -> str:
    return f"urn:uuid:{about.names(*parts)}"


def _markings(about: About) -> Iterator[Node]:
    labels = {item.code: item.labels["en"] for item in codelists.load("handling_codes").items}
    for code, label in labels.items():
        statement = {
            "@id": _id(about, "statement", code),
            "@type": "uco-marking:StatementMarking",
            "uco-marking:definitionType": "statement",
            "uco-marking:statement": ". ".join((f"{code}: {label}", *about.conditions)),
        }
        yield statement
        yield {
            "@id": _id(about, "marking", code),
            "@type": "uco-marking:MarkingDefinition",
            "uco-marking:definitionType": "statement",
            "uco-marking:definition": {"@id": statement["@id"]},
        }


def _nodes(about: About, line: Line, portion: Portion) -> Iterator[Node]:
    if line["type"] == "case":
        yield from _investigation(about, line)
        return
    if line["type"] == "fact":
        portion.leave_out("fact", "no_place")
        return
    case = _id(about, "case", line["case"])
    if line["type"] == "subject":
        node = {**_described(about, line), "@type": "uco-identity:Person", "uco-core:name": line["pseudonym"]}
    elif line["type"] == "person":
        node = {**_described(about, line), **_person(about, line)}
    elif (facet := _facet(about, line, portion.read[line["external_id"]])) is not None:
        node = {**_described(about, line), **facet}
    else:
        portion.leave_out(f"identifier:{line['kind']}", "no_place")
        return
    portion.leave_out("identifier.exceptional_processing", "no_place", int("exceptional_processing" in line))
    yield node
    yield _relationship(about, node["@id"], case, "Contained_Within")
    for link in line.get("subjects", ()):
        owner = _id(about, "subject", line["case"], link["external_id"])
        yield _relationship(about, node["@id"], owner, "Belongs_To", link)


def _key(line: Line) -> tuple[str, ...]:
    kind = "identifier" if line["type"] == "person" else str(line["type"])
    return (kind, line["external_id"]) if kind == "case" else (kind, line["case"], line["external_id"])


def _described(about: About, line: Line) -> Node:
    """Return what all objects have: id, marking, tags for codes, references and the source."""
    tags = [
        f"{name}={code}"
        for name in _TAGS
        if name in line
        for code in (line[name] if isinstance(line[name], list) else [line[name]])
    ]
    tags += [f"context.{name}={value}" for name, value in line.get("context", {}).items()]
    references = [
        {
            "@id": _id(about, "reference", name, *_key(line)),
            "@type": "uco-core:ExternalReference",
            "uco-core:definingContext": f"{about.authority}: {name}",
            "uco-core:externalIdentifier": line[name],
        }
        for name in REFERENCES
        if name in line
    ]
    more: Node = {"uco-core:tag": tags} if tags else {}
    if "handling_code" in line:
        more["uco-core:objectMarking"] = {"@id": _id(about, "marking", line["handling_code"])}
    if "source" in line:
        more["uco-core:description"] = line["source"]
    return {"@id": _id(about, *_key(line)), **more, "uco-core:externalReference": references}


def _investigation(about: About, line: Line) -> Iterator[Node]:
    operation = {"uco-core:description": line["operation_name"]} if "operation_name" in line else {}
    yield {
        **_described(about, line),
        "@type": "case-investigation:Investigation",
        "uco-core:name": line["title"],
        **operation,
        "uco-core:createdBy": {"@id": _id(about, "authority")},
        "uco-core:object": [{"@id": _id(about, "authority")}],
    }


def _facet(about: About, line: Line, value: str) -> Node | None:
    """Return the class and the facet of an identifier, or None if its kind has no place."""
    kind = line["kind"]
    if kind in _HASHES:
        digest = {
            "@id": _id(about, "hash", *_key(line)),
            "@type": "uco-types:Hash",
            "uco-types:hashMethod": _HASHES[kind],
            "uco-types:hashValue": {"@type": "xsd:hexBinary", "@value": value.upper()},
        }
        return _observable(about, line, "File", "ContentDataFacet", {"uco-observable:hash": [digest]})
    if kind in ACCOUNTS:
        said = {"uco-observable:accountIdentifier": line["value"]}
        return _observable(about, line, "Account", "AccountFacet", said)
    if kind == "ip":
        version = "IPv6Address" if ":" in value else "IPv4Address"
        return _observable(about, line, version, f"{version}Facet", {"uco-observable:addressValue": line["value"]})
    if kind == "as_number":
        return _observable(about, line, "AutonomousSystem", "AutonomousSystemFacet", {"uco-observable:number": int(value[2:])})
    if kind in _FACETS:
        name, facet, field = _FACETS[kind]
        return _observable(about, line, name, facet, {f"uco-observable:{field}": line["value"]})
    return None


def _observable(about: About, line: Line, name: str, facet: str, said: Node) -> Node:
    return {
        "@type": f"uco-observable:{name}",
        "uco-core:hasFacet": [{"@id": _id(about, "facet", *_key(line)), "@type": f"uco-observable:{facet}", **said}],
    }


def _person(about: About, line: Line) -> Node:
    """Return a person with names and dates of birth. Other fields are tags."""
    person = line["person"]
    facets: list[Node] = []
    for n, name in enumerate(person["names"]):
        parts = {"given": "uco-identity:givenName", "family": "uco-identity:familyName", "full": "uco-identity:familyName"}
        facets.append(
            {
                "@id": _id(about, "name", str(n), *_key(line)),
                "@type": "uco-identity:SimpleNameFacet",
                **{field: name[part] for part, field in parts.items() if part in name},
            }
        )
    dates = person.get("birth_dates", [])
    for n, date in enumerate(one for one in dates if _DATE.fullmatch(one)):
        born = {"@type": "xsd:dateTime", "@value": f"{date}T00:00:00Z"}
        birth = {"@id": _id(about, "birth", str(n), *_key(line)), "@type": "uco-identity:BirthInformationFacet"}
        facets.append({**birth, "uco-identity:birthdate": born})
    tags = [f"birth_date={one}" for one in dates if not _DATE.fullmatch(one)]
    tags += [f"gender={person['gender']}"] if "gender" in person else []
    tags += [f"{name}={one}" for name in ("nationalities", "places") for one in person.get(name, ())]
    tags += [f"name.{n}.type={name['type']}" for n, name in enumerate(person["names"]) if "type" in name]
    own = _described(about, line).get("uco-core:tag", [])
    return {"@type": "uco-identity:Person", "uco-core:hasFacet": facets, "uco-core:tag": [*own, *tags]}


def _relationship(about: About, source: str, target: str, kind: str, link: Mapping[str, Any] | None = None) -> Node:
    """Return a relationship, with the time since which it holds and what it rests on."""
    link = link or {}
    since = {"uco-core:startTime": {"@type": "xsd:dateTime", "@value": link["since"]}} if "since" in link else {}
    basis = {"uco-core:tag": [f"basis={link['basis']}"]} if "basis" in link else {}
    return {
        "@id": _id(about, "relationship", source, kind, target),
        "@type": "uco-core:Relationship",
        "uco-core:source": {"@id": source},
        "uco-core:target": {"@id": target},
        "uco-core:kindOfRelationship": kind,
        "uco-core:isDirectional": True,
        **since,
        **basis,
    }
