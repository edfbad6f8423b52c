"""One cleaning step before every reader. It takes away what people and programs write around a value.

The steps are regular expressions without nested repetition, and each runs a fixed number of times, so the work is linear in the
length of the text.
"""

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final
from urllib.parse import unquote

from coopapi.identifiers.formats.reading import ImpossibleValue
from coopapi.unicode_text import hyphens, literal

VERBATIM: Final = frozenset({"user_agent", "icse_series", "file_name", "ssid", "public_key"})
"""Kinds whose values are free text. Only a label with a colon and quotes around the whole are taken away."""
NAMES: Final = frozenset({"username", "kik", "snapchat", "discord", "line", "skype", "payment_handle", "telegram", "group"})
"""Kinds whose values are names that people choose, so that a full stop at the end or a figure like 1.0 can belong to them."""
_AS_WRITTEN: Final = VERBATIM | {"url"}
_DEFANGED: Final = NAMES | {
    "email",
    "domain",
    "ip",
    "url",
    "onion",
    "i2p",
    "xmpp",
    "matrix",
    "platform_user_id",
    "simplex",
    "magnet",
}
_NUMBERED: Final = frozenset([
    "phone", "signal", "whatsapp", "viber", "imei", "meid", "eid", "imsi", "iccid", "cybertip", "national_id", "passport",
    "identity_card", "residence_permit", "driving_licence", "travel_document", "platform_user_id", "telegram",
    "bank_account", "card", "serial_number", "parcel_number", "as_number", "device_id",
])  # fmt: skip
"""Kinds whose values a spreadsheet can take for a number."""
_COUNTED: Final = frozenset({"phone", "imei", "eid", "imsi", "iccid", "cybertip"})
"""Kinds whose values are figures only, so that all words in front of the first figure are a label."""
_ADDRESSED: Final = frozenset(
    {"platform_user_id", "url", "domain", "ip", "simplex", "magnet", "ed2k", "bch_address", "vehicle_plate"},
)
"""Kinds whose values can have a word and a colon in front that belong to them."""
_WORDS_BEFORE_FIGURES: Final = re.compile(r"[^\W\d_][^\d+@:]{0,60}(?:: ?| )(?=[+(]?\d)")
_WORDS_AND_COLON: Final = re.compile(r"[^\W\d_][^:@\d]{1,60}: (?=\S)")
_WORDS_BEFORE_ADDRESS: Final = re.compile(r"[^\W\d_][^:@\d]{1,60}: ?(?=[^\s:@]{1,64}@)")
_SHAPES: Final[Mapping[str, str]] = {
    "md5": "[0-9a-f]{32}", "sha1": "[0-9a-f]{40}", "sha256": "[0-9a-f]{64}", "sha512": "[0-9a-f]{128}", "pdq": "[0-9a-f]{64}",
    "tx_hash": "(?:0x)?[0-9a-f]{64}", "eth_address": "0x[0-9a-f]{40}",
    "btc_address": "bc1[02-9ac-hj-np-z]{11,87}|[13][1-9a-z]{25,34}",
    "ltc_address": "ltc1[02-9ac-hj-np-z]{11,87}|[lm3][1-9a-z]{25,34}", "tron_address": "t[1-9a-z]{33}",
    "xrp_address": "r[1-9a-z]{24,34}", "xmr_address": "[48][1-9a-z]{94,105}", "session": "05[0-9a-f]{64}",
    "tox": "[0-9a-f]{76}|[0-9a-f]{64}", "i2p": r"[a-z2-7]{52}\.b32\.i2p", "infohash": "[0-9a-f]{40}", "tth": "[a-z2-7]{39}",
    "pgp_fingerprint": "(?:0x)?(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{16})",
}  # fmt: skip
"""What a value of these kinds looks like. One that stands alone in a line of a tool or in a link is taken out of it."""
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});", re.IGNORECASE)
_ESCAPED: Final = re.compile(r"%[0-9a-f]{2}", re.IGNORECASE)
_AT: Final = "@|at|ät|arroba|arobase|chiocciola|klammeraffe|apenstaartje|małpa|zavináč|kukac|собака"
_DEFANGINGS: Final = (
    (re.compile(r"^(?:h(?:xx|\*\*|__|xt|tx|\[tt\])|meow|h\[tt)p?(s?)\b(?=\[?:)", re.IGNORECASE), r"http\1"),
    (re.compile(r"^(https?|ftp)(?:\[:\]//|:\[//\]|\[://\]|:\\\\|:/{3,})", re.IGNORECASE), r"\1://"),
    (re.compile(r" ?[\[({<] ?(?:\.|dot|punkt|punto|ponto|point|punt|kropka|tečka|точка) ?[\])}>] ?", re.IGNORECASE), "."),
    (re.compile(rf" ?[\[({{<] ?(?:{_AT}) ?[\])}}>] ?", re.IGNORECASE), "@"),
    (re.compile(r"\[:\]"), ":"), (re.compile(r"\[/\]"), "/"), (re.compile(r"\[\.(?!\])|\\\.|(?<=\w)\.\](?=\w)"), "."),
)  # fmt: skip
_OF_SCHEMES: Final = _DEFANGINGS[:2]
"""Those of the above that change a text without brackets or backslashes: they need a colon, and all others need one of these."""
_BRACKETS: Final = re.compile(r"[\[\](){}<>\\]")
_IN_WORDS: Final = (
    (re.compile(r" (?:at|arroba) ", re.IGNORECASE), "@"),
    (re.compile(r" (?:dot|punkt|punto|ponto) ", re.IGNORECASE), "."),
)
_PAIRS: Final = {
    "<": ">",
    '"': '"',
    "'": "'",
    "\u201c": "\u201d",
    "\u201e": "\u201c\u201d",
    "\u00ab": "\u00bb",
    "\u2039": "\u203a",
    "`": "`",
    "(": ")",
}
_INSIDE: Final = re.compile(r"[^<>]*<([^<>]+)>")
_REMARK: Final = re.compile(r"(?<=[^ (]) ?\((?=[^()]*[^\W\d_])[^()]*\)$")
_SIGN: Final = re.compile(r"^(?:№|n[°º]) ?", re.IGNORECASE)
_SCIENTIFIC: Final = re.compile(r"([0-9])[.,]([0-9]{1,40})e\+([0-9]{1,2})", re.IGNORECASE)
_WHOLE_NUMBER: Final = re.compile(r"(\+?[0-9]+)\.0{1,6}")
_ROUNDED: Final = re.compile(r"[+-]?[0-9](?:[.,][0-9]+)?e\+[0-9]{1,3}", re.IGNORECASE)
_NUMBER_WORD: Final = r"(?:numbers?|nummer|numero|número|numéro|numer|num|nr|no|n°|nº|№|id|номер)"
_PASSES: Final = 3


@dataclass(frozen=True, slots=True)
class _Front:
    """What may stand in front of a value of one kind."""

    label: re.Pattern[str]
    scheme: re.Pattern[str]


def _front(entry: Mapping[str, str]) -> _Front:
    words = "|".join(
        sorted(
            (re.escape(w.replace("\0", " ")) for w in entry.get("labels", "").replace("\\ ", "\0").split()), key=len, reverse=True
        )
    )
    schemes = "|".join(sorted(map(re.escape, entry.get("schemes", "").split()), key=len, reverse=True))
    end = r"(?: ?[.:=#№_]+ ?(?!//)| |(?=[+(0-9]))" if entry.get("number") else r"(?:\.? ?[:=](?!//) ?|\.? ?[#№] ?(?=\w)|\. | )"
    counted = rf"(?:[ .:_-]{{0,2}}{_NUMBER_WORD}(?![^\W\d_]))?(?: ?[(/]?[1-4][)]?(?= ?[:=]))?"
    front = rf"(?:{words or '(?!)'})(?:(?<=:)(?!//) ?|{counted}{end})"
    return _Front(re.compile(front, re.IGNORECASE), re.compile(rf"(?:{schemes or '(?!)'})[:/](?://)?", re.IGNORECASE))


_FRONTS: Final = {
    kind: _front(entry)
    for kind, entry in json.loads((files("coopapi.identifiers") / "data/labels.json").read_text("utf-8"))["kinds"].items()
}
_SHAPE: Final = {
    kind: re.compile(rf"(?<![0-9a-z])(?:{shape})(?![0-9a-z])", re.IGNORECASE | re.ASCII) for kind, shape in _SHAPES.items()
}


def clean_up(kind: str, value: str) -> str:
    """Return a value without what was written around it. Raises `ImpossibleValue` for a number that a spreadsheet has rounded."""
    text = literal(value)
    if kind in VERBATIM:
        return _unwrap(_unlabel(kind, text))
    text = _ENTITY.sub(lambda found: html.unescape(found[0]), text) if "&" in text else text
    text = text if kind == "url" else hyphens(text)
    for _ in range(_PASSES):
        before = text
        text = _unscheme(kind, _unlabel(kind, _unwrap(_trim(kind, text))))
        if text == before:
            break
    text = _refang(text, in_words=kind in {"email", "domain", "xmpp"}) if kind in _DEFANGED else text
    return _standing_alone(kind, _as_number(text) if kind in _NUMBERED else text)


def _trim(kind: str, text: str) -> str:
    """Remove what ends a sentence or an item of a list, a remark in brackets, and the signs by which spreadsheets mark text."""
    text = text.rstrip(",; ").lstrip(",; ")
    text = text.removesuffix(".") if kind not in NAMES else text
    text = text.removesuffix(">") if "<" not in text else text
    text = _SIGN.sub("", text) if kind in _NUMBERED else text
    text = text.removeprefix("=") if text.startswith('="') else text
    text = text.removeprefix("'") if text.count("'") == 1 else text
    if kind in _AS_WRITTEN:
        return text.removesuffix(")") if text.endswith(")") and "(" not in text else text
    return text if kind == "vehicle_plate" else _REMARK.sub("", text)


def _unwrap(text: str) -> str:
    """Remove quotes and brackets around the whole value, or return the address of `Name <address>`."""
    inside = text[1:-1]
    if text[:1] in _PAIRS and inside and text[-1] in _PAIRS[text[0]] and not (text[0] == "(" and set("()") & set(inside)):
        return inside.strip()
    found = _INSIDE.fullmatch(text)
    return found[1].strip() if found and any(mark in found[1] for mark in "@:+./") else text


def _unlabel(kind: str, text: str) -> str:
    """Remove a word of the table in front of the value, or any words in front of a colon or of figures that cannot belong to it."""
    front = _FRONTS.get(kind)
    found = front.label.match(text) if front else None
    if found and found.end() < len(text):
        return text[found.end() :].lstrip()
    if front and front.scheme.match(text):
        return text
    return text[found.end() :] if (found := _any_words(kind, text)) else text


def _any_words(kind: str, text: str) -> re.Match[str] | None:
    if kind in VERBATIM or kind in NAMES or kind in _ADDRESSED:
        return None
    if kind in _COUNTED:
        return _WORDS_BEFORE_FIGURES.match(text)
    return (_WORDS_BEFORE_ADDRESS if kind == "email" else _WORDS_AND_COLON).match(text)


def _unscheme(kind: str, text: str) -> str:
    """Remove the scheme of a URI. Behind `mailto:` and the like percent escapes are undone and a query is dropped."""
    front = _FRONTS.get(kind)
    found = front.scheme.match(text) if front else None
    if found is None:
        return unquote(text) if kind == "email" and _ESCAPED.search(text) else text
    rest = re.split("[?;]" if kind == "phone" else "[?]", text[found.end() :])[0]
    rest = rest.partition("@")[0] if kind == "phone" else rest
    return unquote(rest) if _ESCAPED.search(rest) else rest


def _refang(text: str, *, in_words: bool) -> str:
    """Undo the changes by which an address was made unclickable ("defanged")."""
    patterns = _DEFANGINGS if _BRACKETS.search(text) else _OF_SCHEMES if ":" in text else ()
    for pattern, meant in patterns + (_IN_WORDS if in_words and " " in text else ()):
        text = pattern.sub(meant, text)
    return text


def _as_number(text: str) -> str:
    """Undo what spreadsheets do to numbers: 123.0 is 123, 1.23E+2 is 123, and 1.23E+11 has lost its digits."""
    if (exact := _SCIENTIFIC.fullmatch(text)) and len(exact[2]) == int(exact[3]):
        return exact[1] + exact[2]
    if _ROUNDED.fullmatch(text):
        raise ImpossibleValue("rounded", "A spreadsheet has rounded this number; export the column as text.")
    found = _WHOLE_NUMBER.fullmatch(text)
    return found[1] if found else text


def _standing_alone(kind: str, text: str) -> str:
    """Return the only value of this shape in the text, or the one it begins with (`sha1sum`), or else the text."""
    shape = _SHAPE.get(kind)
    if shape is None or shape.fullmatch(text):
        return text
    first = shape.match(text.lstrip("\\*"))
    found = {first[0]} if first else {each[0] for each in shape.finditer(text)}
    return found.pop() if len(found) == 1 else text
