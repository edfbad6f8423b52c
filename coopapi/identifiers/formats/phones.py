"""Parsers for telephone numbers, and for accounts on messengers that have a telephone number as their name."""

import json
import re
from functools import cache
from importlib.resources import files
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException

from coopapi.identifiers.formats.links import find_link
from coopapi.identifiers.formats.reading import Context, ImpossibleValue, MatchKey, Reading, Strength, exact
from coopapi.unicode_text import fold

_NUMBER: Final = re.compile(
    r"([+0-9 ()./\-]+?)(?:[ ,;]*"
    r"(?:ext|extension|x|#|durchwahl|dw|poste|int|interno|toestel|anexo|ramal|wew|klapka|\u0434\u043e\u0431)[.:]? ?[0-9]{1,8})?"
)
_PARAMETERS: Final = re.compile(r";[a-z-]+=.*$")  # of a tel URI (RFC 3966)
_JID: Final = re.compile(r"([0-9]{6,15})(?:[.:][0-9]{1,3})*@(?:s\.whatsapp\.net|c\.us)")
_LID: Final = re.compile(r"([0-9]{8,20})(?::[0-9]{1,3})?@lid")
_PLANS: Final = [
    (re.compile(plan["was"]), plan["is"], "also" in plan)
    for plan in json.loads((files("coopapi.identifiers") / "data/numbering.json").read_text("utf-8"))["plans"]
]
_ANY_PLAN: Final = re.compile("|".join(f"(?:{was.pattern})" for was, *_ in _PLANS))
"""Matches a number that one of the plans changes. Most numbers are none, and then the plans are not tried one by one."""


def read_phone(value: str, context: Context) -> Reading:
    """Parse a telephone number (E.164): international, or national together with its country."""
    text = _written(_PARAMETERS.sub("", fold(value)))
    wrong = ImpossibleValue("phone", "The value is not a valid telephone number (E.164).")
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise wrong
    text = "+" + found[1][2:] if found[1].startswith("00") and not _dialled_abroad(found[1], context.country) else found[1]
    if not text.startswith("+") and not context.country:
        raise ImpossibleValue(
            "phone_country", "A national number needs its country; an international number must start with +.", "context.country"
        )
    try:
        number = phonenumbers.parse(_without_trunk_zero(text), context.country)
        written = _e164(number)
        now = renumbered(written)
        if now != text:
            number = phonenumbers.parse(now)
    except NumberParseException:
        raise wrong from None
    if not phonenumbers.is_possible_number(number):
        raise ImpossibleValue("phone_length", "No number with this country code has this length (E.164).")
    warnings = () if _is_mobile(number) or phonenumbers.is_valid_number(number) else ("unassigned_number",)
    settled = written if now == text else _e164(number)
    return exact("phone", settled, *_other_forms(settled), warnings=warnings)


def _is_mobile(number: phonenumbers.PhoneNumber) -> bool:
    """Tell whether a number is one of the mobile numbers of its country code, which are valid.

    The library asks for the kinds of numbers in turn, and for this one last. Country codes of several countries are left to it.
    """
    rules = _mobile(number.country_code)
    if rules is None:
        return False
    national = phonenumbers.national_significant_number(number)
    return all((not lengths or len(national) in lengths) and pattern.fullmatch(national) for pattern, lengths in rules)


@cache
def _mobile(country_code: int) -> list[tuple[re.Pattern[str], tuple[int, ...]]] | None:
    """Return the pattern and the lengths of all numbers of a country code, and of its mobile numbers."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(country_code, ())
    plan = phonenumbers.PhoneMetadata.metadata_for_region(regions[0], None) if len(regions) == 1 else None
    kinds = [kind for kind in (plan.general_desc, plan.mobile) if kind and kind.national_number_pattern] if plan else []
    rules = [(re.compile(kind.national_number_pattern or ""), kind.possible_length) for kind in kinds]
    return rules if len(rules) > 1 else None


def _dialled_abroad(text: str, country: str | None) -> bool:
    """Tell whether a number begins with its country's prefix for calls abroad and this is longer than 00 (0011 in Australia)."""
    plan = phonenumbers.PhoneMetadata.metadata_for_region(country or "", None)
    prefix = re.match(plan.international_prefix, re.sub(r"\D", "", text)) if plan and plan.international_prefix else None
    return bool(prefix and prefix.end() > len("00"))


def _e164(number: phonenumbers.PhoneNumber) -> str:
    number.extension = None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _written(text: str) -> str:
    """Return the number in a link or in a WhatsApp id (JID), or otherwise the text."""
    link = find_link(text) if ":" in text or "/" in text else None
    found = _JID.fullmatch(text)
    number = link.value if link and link.what == "phone" else found[1] if found else ""
    return f"+{number.lstrip('+ ')}" if number else text


def renumbered(number: str) -> str:
    """Return a number of an old numbering plan as it is now."""
    for was, now, also in _PLANS if _ANY_PLAN.match(number) else ():
        if not also and was.match(number):
            return str(was.sub(now, number))
    return number


def _other_forms(number: str) -> tuple[MatchKey, ...]:
    """Return a key for each form besides the normal one that a number is written in today, as weaker evidence."""
    plans = _PLANS if _ANY_PLAN.match(number) else ()
    short = {was.sub(now, number) for was, now, also in plans if also and was.match(number)}
    return tuple(MatchKey("phone", text, Strength.POSSIBLE) for text in sorted(short))


def _without_trunk_zero(text: str) -> str:
    """Remove a zero in brackets after the country code, except where it belongs to the number (Italy, San Marino, Vatican)."""
    return text.replace("(0)", "") if text.startswith("+") and not text.startswith(("+39", "+378", "+379")) else text


def read_whatsapp(value: str, context: Context) -> Reading:
    """Parse a WhatsApp account: its telephone number, or its hidden id (LID), which is no telephone number."""
    found = _LID.fullmatch(fold(value))
    if found:
        return exact("whatsapp_lid", f"{found[1]}@lid")
    text = value.strip()
    abroad = text.isdecimal() and not text.startswith("0") and not context.country  # ids of accounts have no plus
    return read_phone(f"+{text}" if abroad else text, context)


read_viber = read_whatsapp
