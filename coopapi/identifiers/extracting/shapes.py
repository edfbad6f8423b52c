"""What values look like in a text. A shape only proposes; the readers of the kinds decide.

Every repetition is bounded and begins behind a character that cannot belong to the value, so the work is linear in the text. No
value goes on in the next line.
"""

import json
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from coopapi.directory import codelists


@dataclass(frozen=True, slots=True)
class Shape:
    """A pattern with the kinds that a value of this form can be, the most usual one first.

    `hint` is a simpler pattern that stands in every such value; text without it is not searched. `certain` says that the form alone
    tells the kind, for example by a checksum.
    """

    hint: re.Pattern[str]
    pattern: re.Pattern[str]
    kinds: tuple[str, ...]
    certain: bool = True


def _shape(hint: str, pattern: str, *kinds: str, certain: bool = True, flags: int = 0) -> Shape:
    return Shape(re.compile(hint), re.compile(pattern, flags), kinds, certain)


_DOT: Final = r"(?:\.| ?[\[({]\ ?(?:\.|dot|punkt|punto|ponto)\ ?[\])}] ?|\[\.)"
_AT: Final = r"(?:@| ?[\[({] ?(?:@|at|arroba) ?[\])}] ?)"
_LABEL: Final = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_HOST: Final = rf"{_LABEL}(?:{_DOT}{_LABEL}){{1,8}}"
_TIME: Final = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
    r" ?(?:Z\b|UTC\b|GMT\b|utc\b|gmt\b|[+-][0-9]{2}:?[0-9]{2}(?![0-9]))"
)
_OCTETS: Final = r"[0-9]{1,3}(?:(?:\.|\[\.\]?|\(\.\)|\[dot\])[0-9]{1,3}){3}"
_SCHEMES: Final = (
    "https?|h(?:xx|\\*\\*|tt|xt)ps?|h\\[tt\\]ps?|meows?|ftp|tg|sgnl|magnet|ed2k|matrix|xmpp|mailto|tel|bitcoin|ethereum|monero|"
    "litecoin|tron|simplex|whatsapp|viber|skype|line|snapchat|steam|discord|openpgp4fpr|eip155|urn"
)
LINK: Final = re.compile(
    rf"(?<![\w.])(?:(?:{_SCHEMES})(?:\[:\]|:)[^\s<>\"|]{{3,2000}}|"
    rf"(?:[\w-]{{1,63}}\.){{1,4}}[A-Za-z]{{2,12}}/[^\s<>\"|]{{1,2000}})",
    re.IGNORECASE,
)
"""A link with its scheme, or without one if a path follows the host. It ends before a blank, a bracket or a quote."""
_LONG_HEX: Final = "[0-9A-Fa-f]{32}"
_LONG: Final = "[0-9A-Za-z]{25}"
_HEX: Final = r"(?<![0-9A-Za-z])(?:0x)?[0-9A-Fa-f]{%d}(?![0-9A-Za-z])"

SHAPES: Final = (
    _shape(r"[@(\[{]",
           rf"(?<![\w.+%@-])[^\W_][\w.+%'-]{{0,63}}{_AT}{_HOST}(?:/[\w.-]{{1,60}})?", "email", "xmpp", flags=re.IGNORECASE),
    _shape(" AT ", r"(?<![\w.+%@-])[\w.+%-]{1,64} AT [\w-]{1,63}(?: DOT [\w-]{2,63}){1,4}", "email"),
    _shape("@", r"(?<![\w@])@[\w.=/-]{1,100}:[A-Za-z0-9.-]{3,100}[A-Za-z]", "matrix"),
    _shape("[Oo][Nn][Ii][Oo][Nn]", r"(?<![\w:.])[a-z2-7]{16,56}(?:\.|\[\.\])onion\b", "onion", flags=re.IGNORECASE),
    _shape("i2p", r"(?<![\w:.])[a-z2-7]{52}\.b32\.i2p\b", "i2p", flags=re.IGNORECASE),
    _shape(r"[0-9][.\[(]",
           rf"(?:(?<![\w.:-]){_TIME}[ ,;]{{1,3}})?(?<![\w.-]){_OCTETS}(?::[0-9]{{1,5}})?(?:[ ,;(@]{{1,3}}{_TIME})?(?![\w-])", "ip"),
    _shape("::|(?::[0-9A-Fa-f]{1,4}){7}",
           r"(?<![\w:.])(?=[0-9a-f:]{2,37}::|(?:[0-9a-f]{1,4}:){7})(?:[0-9a-f]{1,4}:){1,7}(?::?[0-9a-f]{1,4}){0,7}(?:::)?(?:/64)?(?![\w:])",
           "ip", flags=re.IGNORECASE),
    _shape("(?:[0-9A-Fa-f]{2}[:-]){5}", r"(?<![\w:-])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![\w:-])", "mac", flags=re.IGNORECASE),
    _shape("-[0-9A-Fa-f]{4}-", r"(?<![\w-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![\w-])",
           "device_id", "client_guid", certain=False, flags=re.IGNORECASE),
    _shape("[0-9A-Fa-f]{4} {1,2}[0-9A-Fa-f]{4} ",
           r"(?<![0-9A-Za-z])(?:[0-9A-F]{4}[ ]{1,2}){9}[0-9A-F]{4}(?![0-9A-Za-z])", "pgp_fingerprint", flags=re.IGNORECASE),
    _shape(_LONG_HEX, _HEX % 128, "sha512"),
    _shape(_LONG_HEX, _HEX % 76, "tox"),
    _shape(_LONG_HEX, r"(?<![0-9A-Za-z])05[0-9a-fA-F]{64}(?![0-9A-Za-z])", "session"),
    _shape(_LONG_HEX, r"(?<![0-9A-Za-z])0x[0-9A-Fa-f]{64}(?![0-9A-Za-z])", "tx_hash"),
    _shape(_LONG_HEX, _HEX % 64, "sha256", "pdq", "tx_hash", "tmk", "infohash", certain=False),
    _shape(_LONG_HEX, r"(?<![0-9A-Za-z])0x[0-9A-Fa-f]{40}(?![0-9A-Za-z])", "eth_address"),
    _shape(_LONG_HEX, _HEX % 40, "sha1", "infohash", "pgp_fingerprint", certain=False),
    _shape(_LONG_HEX, _HEX % 32, "md5", "ed2k", "client_guid", certain=False),
    _shape("[BbTt][Cc]1", r"(?<![0-9A-Za-z])(?:bc1|ltc1)[02-9ac-hj-np-z]{11,87}(?![0-9A-Za-z])",
           "btc_address", "ltc_address", flags=re.IGNORECASE),
    _shape("bitcoincash:", r"(?<![0-9A-Za-z])bitcoincash:[qp][02-9ac-hj-np-z]{41}(?![0-9A-Za-z])", "bch_address"),
    _shape(_LONG, r"(?<![0-9A-Za-z])[13LMTr48][1-9A-HJ-NP-Za-km-z]{24,105}(?![0-9A-Za-z])",
           "btc_address", "ltc_address", "tron_address", "xrp_address", "xmr_address"),
    _shape("[EU]Q", r"(?<![\w+/-])[EU]Q[A-Za-z0-9_-]{46}(?![\w+/=-])", "ton_address"),
    _shape("[A-Z]{2}[0-9]{2}",
           r"(?<![0-9A-Za-z])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![0-9A-Za-z])", "iban"),
    _shape("[A-Z]{2}[0-9]{9}", r"(?<![0-9A-Za-z])[A-Z]{2}[0-9]{9}[A-Z]{2}(?![0-9A-Za-z])", "parcel_number"),
    _shape("[A-HJ-NPR-Z0-9]{17}",
           r"(?<![0-9A-Za-z])(?=[0-9]{0,16}[A-HJ-NPR-Z])(?=[A-Z]{0,16}[0-9])[A-HJ-NPR-Z0-9]{17}(?![0-9A-Za-z])",
           "vin", certain=False),
    _shape("[xX*•]{4}", r"(?<![\w+.-])[0-9]{6}(?:[0-9]{2})?[xX*•]{4,8}[0-9]{4}(?![\w-])", "card"),
    _shape("89[0-9]{16}", r"(?<![\w+.-])89[0-9]{16,18}(?![\w-])", "iccid"),
    _shape(r"[0-9]{2}[ -]?[0-9]{6}",
           r"(?<![\w+.,/-])[0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{6}[ -]?[0-9](?![\w/-])", "imei", certain=False),
    _shape("STEAM_", r"(?<![\w-])STEAM_[0-5]:[01]:[0-9]{1,10}\b", "platform_user_id"),
)  # fmt: skip
"""Forms by which values are found without a word in front, in the order in which they are tried."""
HANDLE: Final = re.compile(r"(?<![\w@./])@[A-Za-z][\w.-]{2,38}\w(?![\w@])")
REDDIT: Final = re.compile(r"(?<![\w/])/?u/[A-Za-z0-9_-]{3,20}(?![\w/])")
BARE_DOMAIN: Final = re.compile(rf"(?<![\w@./:-]){_LABEL}(?:\.{_LABEL}){{1,5}}(?![\w@/-])")
DEFANGED_DOMAIN: Final = re.compile(
    rf"(?<![\w@./:-]){_LABEL}(?:\.{_LABEL}){{0,4}}(?:\[\.\]|\(\.\)|\[dot\]|\(dot\))(?:{_LABEL}{_DOT}){{0,4}}{_LABEL}", re.IGNORECASE
)
NUMBER: Final = re.compile(r"(?<![\w+./=#:@-])[+(]{0,2}[0-9][0-9 ()./\-\u00a0]{5,30}[0-9](?![\w@])")
"""A stretch that can be a telephone number. The matcher of libphonenumber looks for one in it."""
JID: Final = re.compile(r"(?<![\w.+%@-])[\w.:-]{3,64}@(?:s\.whatsapp\.net|c\.us|g\.us|lid|newsletter|talk\.kik\.com)(?![\w.-])")
_TABLE: Final = json.loads((files("coopapi.identifiers") / "data/extracting.json").read_text("utf-8"))
TOP_LEVELS: Final = {code.lower() for code in codelists.load("countries").codes} - {*_TABLE["not_top_levels"].split()} | {
    *_TABLE["top_levels"].split()
}
"""Top-level domains of bare domain names that are proposed."""
