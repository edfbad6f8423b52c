"""Synthetic authorities, cases and identifiers with the skew of real ones. The same seed gives the same register; no value is real.

- 12 countries have three authorities and a Eurojust desk each. The largest authority owns about a quarter of the cases.
- 87 in 100 cases are bilateral. 2 in 100 are hidden, and 10 in 100 have an open index.
- A case has 10 identifiers on average: half of the cases have fewer than 7, and one in a hundred has more than 50.
- 8 in 100 values come from a pool of shared values, whose popularity falls slowly: most have two or three holders, a few have
  more than 50. One value in 100 is one of 20 hot values, such as a relay that many cases meet. All others are held once.
- 2 in 100 identifiers are persons, named in Latin, Cyrillic, Greek, Arabic or Chinese script. A shared person is sometimes written
  in Latin letters, or with the year of birth only. A tenth of the persons are victims.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from uuid import UUID

from anyascii import anyascii

COUNTRIES: Final = ("NL", "FR", "DE", "ES", "IT", "RO", "PL", "SE", "BE", "GR", "PT", "BG")
AUTHORITIES: Final = [
    {"name": f"{label} {country}", "type": kind, "country": country}
    for label, kind in (("Police", "police_unit"), ("Prosecution", "public_prosecutor"), ("Cybercrime", "cybercrime_unit"))
    for country in COUNTRIES
]
DESKS: Final = [{"name": f"Desk {country}", "type": "eurojust_desk", "country": country} for country in COUNTRIES]
_WEIGHTS: Final = [1 / rank for rank in range(1, len(AUTHORITIES) + 1)]
_BILATERAL, _HIDDEN, _OPEN, _VICTIMS = 0.87, 0.02, 0.10, 0.10
_SHARED, _HOT, _PERSONS = 0.08, 0.01, 0.02
_HOT_VALUES: Final = 20
_SHARED_FOR_EACH: Final = 0.035
"""How many values the pool of shared values has for each identifier of the register."""
_MOST_IN_A_CASE: Final = 500
_CRIMES: Final = ("ocsea", "drug_trafficking", "money_laundering")
_DIGITS, _HEX = "0123456789", "0123456789abcdef"


@dataclass(frozen=True, slots=True)
class SyntheticCase:
    """A case as its authority would register it.

    `home` is the place of its authority in `AUTHORITIES`; `body`, `subjects` and `items` are the bodies of requests. An item about
    a subject has the place of the subject in `subjects` as its `subject`.
    """

    number: int
    home: int
    body: Mapping[str, Any]
    subjects: list[dict[str, str]]
    items: list[dict[str, Any]]


def cases(identifiers: int, seed: int = 1) -> Iterator[SyntheticCase]:
    """Yield the cases of a register with this many identifiers, in the order of registration."""
    number = made = 0
    while made < identifiers:
        case = _case(number, identifiers, identifiers - made, seed)
        yield case
        number, made = number + 1, made + len(case.items)


def _case(number: int, identifiers: int, most: int, seed: int) -> SyntheticCase:
    chance = Random(f"{seed}/case/{number}")
    home = chance.choices(range(len(AUTHORITIES)), _WEIGHTS)[0]
    others = [country for country in COUNTRIES if country != AUTHORITIES[home]["country"]]
    body: dict[str, Any] = {
        "reference": f"S{seed}-{number}",
        "title": f"Synthetic case {number}",
        "countries": sorted(chance.sample(others, 1 if chance.random() < _BILATERAL else 3)),
        "crime_categories": [chance.choice(_CRIMES)],
    }
    kind = chance.random()
    if kind < _HIDDEN:
        body |= {"visibility": "hidden", "visibility_reason": "A covert measure is under way."}
    elif kind < _HIDDEN + _OPEN:
        body["visibility"] = "open_index"
    size = max(1, min(most, _MOST_IN_A_CASE, round(math.exp(chance.gauss(1.9, 0.9)))))
    items = _distinct(_item(chance, identifiers, seed) for _ in range(size))
    subjects = []
    for item in items:
        if item["kind"] == "person":
            item["subject"] = len(subjects)
            category = "victim" if chance.random() < _VICTIMS else "suspect"
            subjects.append({"pseudonym": f"Subject {len(subjects) + 1}", "category": category})
    return SyntheticCase(number, home, body, subjects, items)


def _distinct(items: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what the case has already, because a registration would."""
    return list({str(item): item for item in items}.values())


def _item(chance: Random, identifiers: int, seed: int) -> dict[str, Any]:
    draw = chance.random()
    if draw < _HOT:
        return _value(Random(f"{seed}/hot/{chance.randrange(_HOT_VALUES)}"), persons=False)
    if draw < _HOT + _SHARED:
        place = int(max(1, identifiers * _SHARED_FOR_EACH) * chance.random() ** 1.3)
        return _respelled(chance, _value(Random(f"{seed}/shared/{place}")))
    return _value(chance)


def identifier(chance: Random) -> dict[str, Any]:
    """Return an identifier that is no person."""
    return _value(chance, persons=False)


def _value(chance: Random, *, persons: bool = True) -> dict[str, Any]:
    if persons and chance.random() < _PERSONS:
        return _person(chance)
    kind = chance.choices(list(_MAKERS), [weight for weight, _ in _MAKERS.values()])[0]
    value, *context = _MAKERS[kind][1](chance)
    return {"kind": kind, "value": value} | ({"context": context[0]} if context else {})


def _respelled(chance: Random, item: dict[str, Any]) -> dict[str, Any]:
    """Write a person differently now and then, as another authority would."""
    if item["kind"] != "person":
        return item
    person = item["person"]
    if chance.random() < 0.3:
        person = person | {"names": [{"full": anyascii(person["names"][0]["full"])}]}
    if chance.random() < 0.2:
        person = person | {"birth_dates": [person["birth_dates"][0][:4]]}
    return item | {"person": person}


_SCRIPTS: Final = (
    ("Jan Sofie Lukas Emma Pedro Ines Mateo Alba Jonas Klara Marek Zofia", "van ber mo ri sen ta kov el da ros ni har", " "),
    ("Иван Мария Пётр Ольга Алексей Елена Димитър Ивана", "пет ров смир нов вол ко лаз ар ев ски бог дан", " "),
    ("Γιώργος Ελένη Νίκος Μαρία Δημήτρης Κατερίνα", "πα πα δο που λος κα ρα γιάν νης θεο δω ρί", " "),
    ("محمد فاطمة أحمد مريم يوسف ليلى", "رش يد حس ين عل وي نو ري سا مر قد هاش", " "),
    ("伟 芳 娜 敏 静 强 磊 洋 艳 勇", "王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙", ""),
)
_SCRIPT_WEIGHTS: Final = (60, 20, 6, 8, 6)


def _person(chance: Random) -> dict[str, Any]:
    given, syllables, gap = chance.choices(_SCRIPTS, _SCRIPT_WEIGHTS)[0]
    first = chance.choice(given.split())
    if gap:
        name = f"{first} {''.join(chance.choices(syllables.split(), k=3)).title()}"
    else:
        name = f"{chance.choice(syllables.split())}{first}{chance.choice(given.split())}"
    born = f"{chance.randrange(1950, 2006)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
    person = {"names": [{"full": name}], "birth_dates": [born], "gender": chance.choice("MF")}
    return {"kind": "person", "person": person}


def _text(chance: Random, alphabet: str, length: int) -> str:
    return "".join(chance.choices(alphabet, k=length))


def _phone(chance: Random) -> tuple[str]:
    return (chance.choice(("+316", "+336", "+346", "+467")) + chance.choice("1234") + _text(chance, _DIGITS, 7),)


def _iban(chance: Random) -> tuple[str]:
    account = _text(chance, _DIGITS, 18)
    return (f"DE{98 - int(account + '131400') % 97:02}{account}",)


def _imei(chance: Random) -> tuple[str]:
    body = "35" + _text(chance, _DIGITS, 12)
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(body))
    return (f"{body}{-sum(n // 10 + n % 10 for n in doubled) % 10}",)


def _ip(chance: Random) -> tuple[str]:
    return (f"{chance.choice((45, 62, 77, 91, 145, 185))}." + ".".join(str(chance.randrange(256)) for _ in range(3)),)


def _host(chance: Random) -> str:
    return f"board{chance.getrandbits(34):x}.example"


_MAKERS: Final[Mapping[str, tuple[int, Callable[[Random], tuple[Any, ...]]]]] = {
    "email": (28, lambda c: (f"{_text(c, 'abdegiklmnoprstuvz', 9)}{c.randrange(10_000)}@mail{c.randrange(30)}.example",)),
    "phone": (14, _phone),
    "username": (19, lambda c: (_text(c, "abdegiklmnoprstuvz", 10), {"platform": f"chat{c.randrange(6)}.example"})),
    "ip": (12, _ip),
    "sha256": (8, lambda c: (_text(c, _HEX, 64),)),
    "url": (5, lambda c: (f"https://{_host(c)}/thread/{c.randrange(1000)}",)),
    "domain": (4, lambda c: (_host(c),)),
    "iban": (5, _iban),
    "eth_address": (3, lambda c: (f"0x{_text(c, _HEX, 40)}",)),
    "device_id": (1, lambda c: (str(UUID(int=c.getrandbits(128), version=4)),)),
    "imei": (1, _imei),
}
