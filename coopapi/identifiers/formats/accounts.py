"""Parsers for accounts on platforms: usernames, account ids, groups. A link says which of these it is."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from coopapi.directory import codelists
from coopapi.identifiers.formats import messengers
from coopapi.identifiers.formats.links import PlatformLink, find_link, platform_code
from coopapi.identifiers.formats.networks import read_email
from coopapi.identifiers.formats.phones import read_phone, read_viber, read_whatsapp
from coopapi.identifiers.formats.reading import Context, ImpossibleValue, MatchKey, Reading, Strength, exact
from coopapi.unicode_text import fold, literal, literal_lower

_PROFILE: Final = re.compile(r"^(?:https?://)?(?:[\w-]+\.)+[a-z]{2,}/(?=@?[^/?#]+/?$)", re.IGNORECASE)  # https://board.example/name
_HANDLE: Final = re.compile(r"[^\s@/]{1,100}")
_PLATFORM: Final = re.compile(r"[^@/]{1,100}")
_ADDRESS: Final = re.compile(r"[^\s@/]{1,64}@[^\s@/]{3,190}")
_TELEGRAM: Final = re.compile(r"[a-z][a-z0-9_]{3,31}")
_TELEGRAM_DIGITS: Final = 10
"""Ids of Telegram users have at most ten digits in 2026. A longer number is a telephone number without its plus."""
_STEAM_BASE: Final = 76561197960265728
_WRITTEN: Final = (
    ("reddit", re.compile(r"/?u(?:ser)?/([^/]+)/?", re.IGNORECASE), "username"),
    ("discord", re.compile(r"(.+)#0"), "username"),
    ("discord", re.compile(r"@?!?([0-9]{17,20})"), "id"),
    ("skype", re.compile(r"8:(.+)"), "username"),
    ("vk", re.compile(r"id([0-9]+)"), "id"),
    ("facebook", re.compile(r"([0-9]{5,20})"), "id"),
    ("odnoklassniki", re.compile(r"([0-9]{5,20})"), "id"),
    ("steam", re.compile(r"(7656119[0-9]{10})"), "id"),
    ("cash_app", re.compile(r"\$(.+)"), "username"),
    ("line", re.compile(r"~(.+)"), "username"),
    ("kik", re.compile(r"(.+)_[a-z0-9]{3}@talk\.kik\.com", re.IGNORECASE), "username"),
    ("bluesky", re.compile(r"did:((?:plc|web):.+)"), "id"),
    ("steam", re.compile(r"(STEAM_[0-5]:[01]:[0-9]{1,10}|\[U:1:[0-9]{1,10}\])", re.IGNORECASE), "id"),
)  # fmt: skip
"""How accounts are written on some platforms besides their plain name or id, and what that is."""
_DOTLESS: Final = frozenset({"facebook"})
"""Platforms where full stops in usernames do not count."""
_WRONG_USERNAME: Final = "A username must not contain a space, @ or slash."


def read_username(value: str, context: Context) -> Reading:
    """Parse a username on a platform. The same name on another platform is weak evidence."""
    return _read_account(value, context, "username")


def read_platform_id(value: str, context: Context) -> Reading:
    """Parse the permanent id that a platform gave to an account. Upper and lower case are different."""
    return _read_account(value, context, "id")


def on(platform: str) -> Callable[[str, Context], Reading]:
    """Return the parser for a kind whose values are usernames on one platform."""

    def read(value: str, context: Context) -> Reading:
        return _read_account(value, replace(context, platform=platform), "username")

    return read


def read_telegram(value: str, context: Context) -> Reading:
    """Parse a Telegram account: its permanent number, or its name, which is also a username on that platform."""
    return _read_account(value, replace(context, platform="telegram"), "telegram")


def _read_account(value: str, context: Context, what: str) -> Reading:
    link = _account_link(value, platform_code(context.platform or ""))
    if link:
        return account(link)
    text = _PROFILE.sub("", value.strip()).rstrip("/") if what != "id" else value
    platform = platform_code(context.platform or "")
    if not platform:
        text, platform = _with_platform(text, what)
    for name, pattern, meant in _WRITTEN:
        if name == platform and (found := pattern.fullmatch(text.strip())):
            return account(PlatformLink(platform, meant, found[1]))
    own = _OWN.get(platform)
    try:
        return own(text, context) if own else account(PlatformLink(platform, what, text))
    except ImpossibleValue:
        if what == "telegram":
            raise
        return account(PlatformLink(platform, what, text))


def _account_link(value: str, platform: str) -> PlatformLink | None:
    """Return the link in a value. Raises `ImpossibleValue` if it names no account, or one on another platform than the context."""
    link = find_link(value)
    if link is None:
        return None
    if platform and platform != link.platform:
        raise ImpossibleValue(
            "other_platform", "The link leads to another platform than context.platform names.", "context.platform"
        )
    if link.what == "invite":
        raise ImpossibleValue("invite", "The link is an invitation to a group or channel and no account; use the kind group.")
    if not link.account:
        raise ImpossibleValue("not_an_account", "The link leads to a page of the platform and not to an account.")
    return link


def _with_platform(text: str, what: str) -> tuple[str, str]:
    """Take a value apart that names its platform: name@platform, or platform:name for platforms that are known."""
    front, mark, rest = text.partition(":")
    if mark and platform_code(front) in _KNOWN_BY_NAME and rest.strip():
        return rest.strip(), platform_code(front)
    name, mark, platform = text.removeprefix("@").rpartition("@")
    if not mark or what == "id":
        raise ImpossibleValue(
            "platform_needed", "An account needs its platform, as name@platform or in context.platform.", "context.platform"
        )
    return name, platform_code(platform)


def account(link: PlatformLink) -> Reading:
    """Return the reading of an account that a link or a value with its platform names."""
    own = _OWN.get(link.platform)
    if link.what == "phone":
        return read_phone(f"+{link.value.lstrip('+ ')}", Context())
    if link.platform == "matrix" and link.value[:1] in {"#", "!"}:
        return group(PlatformLink("matrix", "invite", link.value.partition("?")[0]))
    if link.what == "address" and own:
        return own(link.value, Context())
    return _id_on(link) if link.what == "id" else _name_on(link)


def _name_on(link: PlatformLink) -> Reading:
    platform = link.platform
    text = literal_lower(link.value).removeprefix("@").lstrip().removesuffix(f"@{platform}")
    if not _PLATFORM.fullmatch(platform):
        raise ImpossibleValue("username", _WRONG_USERNAME)
    if _ADDRESS.fullmatch(text):  # providers report the e-mail address of the login as the name
        address = read_email(text, Context()).keys[0]
        return exact("username", f"{text}@{platform}", address._replace(strength=Strength.WEAK))
    if not _HANDLE.fullmatch(text):
        raise ImpossibleValue("username", _WRONG_USERNAME)
    undotted = text.replace(".", "") if platform in _DOTLESS else text
    return exact("username", f"{undotted}@{platform}", MatchKey("handle", fold(text), Strength.WEAK))


def _id_on(link: PlatformLink) -> Reading:
    text = literal(link.value).replace(" ", "")
    if not text:
        raise ImpossibleValue("platform_user_id", "The value is empty.")
    steam = re.fullmatch(r"STEAM_[0-5]:([01]):([0-9]+)|\[U:1:([0-9]+)\]", text, re.IGNORECASE) if link.platform == "steam" else None
    if steam:
        number = int(steam[3]) if steam[3] else 2 * int(steam[2]) + int(steam[1])
        text = str(_STEAM_BASE + number)
    return Reading(text, (MatchKey("platform_user_id", f"{link.platform}|{text}"),))


def _telegram(value: str, context: Context) -> Reading:
    text = fold(value)
    digits = re.sub("^(?:user|id)[ #:]{0,3}(?=[0-9])", "", text).lstrip("#")
    if digits.isdecimal() and 5 <= len(digits) <= 15:  # noqa: PLR2004 (from the first accounts to 52 bits)
        reading = _id_on(PlatformLink("telegram", "id", digits))
        return reading if len(digits) <= _TELEGRAM_DIGITS else _with_phone(reading, digits)
    if text.startswith("+"):
        return read_phone(value, context)
    name = text.removeprefix("@").lstrip().removesuffix("@telegram")
    if not _TELEGRAM.fullmatch(name):
        raise ImpossibleValue("telegram", "The value must be a numeric id or a name with 4 to 32 letters, digits and underscores.")
    return _name_on(PlatformLink("telegram", "username", name))


def _with_phone(reading: Reading, digits: str) -> Reading:
    """Add the telephone number that the digits can be, as weaker evidence."""
    try:
        phone = read_phone(f"+{digits}", Context())
    except ImpossibleValue:
        return reading
    possible = tuple(key._replace(strength=Strength.POSSIBLE) for key in phone.keys if not phone.warnings)
    return reading._replace(keys=reading.keys + possible)


_OWN: Final[Mapping[str, Callable[[str, Context], Reading]]] = {
    "telegram": _telegram, "whatsapp": read_whatsapp, "viber": read_viber, "zalo": read_phone, "signal": messengers.read_signal,
    "threema": messengers.read_threema, "matrix": messengers.read_matrix, "xmpp": messengers.read_xmpp,
    "session": messengers.read_session, "tox": messengers.read_tox, "simplex": messengers.read_simplex,
}  # fmt: skip
"""Platforms whose accounts have a form of their own, so that they meet in whatever kind they were entered."""
_KNOWN_BY_NAME: Final = frozenset(codelists.load("platforms").codes)


def read_group(value: str, context: Context) -> Reading:
    """Parse a group, a channel, or an invitation to one: a link, or its id or code on a platform."""
    link = find_link(value)
    platform = platform_code(context.platform or "")
    if link and platform and link.platform != platform:
        raise ImpossibleValue(
            "other_platform", "The link leads to another platform than context.platform names.", "context.platform"
        )
    if link and link.what == "invite":
        return group(link)
    if link and link.account:  # a public channel has its name in common with users
        return account(link)
    text = literal(value).replace(" ", "")
    jid = re.fullmatch(r"([0-9]{8,20}(?:-[0-9]{8,12})?)@(g\.us|newsletter)", text, re.IGNORECASE)
    if jid:
        return group(PlatformLink("whatsapp", "invite", text.lower()))
    if re.fullmatch(r"[#!][^:@]{1,200}:[^:@]{3,200}", text):
        return group(PlatformLink("matrix", "invite", text))
    if link or not text:
        raise ImpossibleValue("not_a_group", "The link leads to a page of the platform and not to a group or channel.")
    if not platform:
        raise ImpossibleValue(
            "platform_needed", "A group needs its platform, or the link by which one joins it.", "context.platform"
        )
    if text.startswith("@") or text.endswith(f"@{platform}"):
        return _name_on(PlatformLink(platform, "username", text))
    return group(PlatformLink(platform, "invite", text))


def group(link: PlatformLink) -> Reading:
    """Return the reading of a group that a link names. Upper and lower case are different."""
    return Reading(link.value, (MatchKey("group", f"{link.platform}|{link.value}"),))
