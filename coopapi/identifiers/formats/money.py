"""Parsers for accounts at banks and for payment cards."""

import re
from typing import Final

from stdnum import bic as stdnum_bic
from stdnum import iban as stdnum_iban
from stdnum.exceptions import ValidationError

from coopapi.identifiers.formats.reading import (
    Context,
    ImpossibleValue,
    MatchKey,
    Reading,
    Strength,
    exact,
    look_alike,
    require_country,
)
from coopapi.unicode_text import fold

_IBAN: Final = re.compile("[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$")
_BEHIND: Final = re.compile(r"(?<![ ,;/])[ ,;/]+(?:BIC|SWIFT|BANK|BEI)\b.*$")
_BANK_BEHIND: Final = re.compile(
    r"^(?:(?:kto|konto|kontonummer)[. :]*)?(\d{1,7}|\d{9,10})[ /,-]+((?:blz|bankleitzahl)?[. :]*\d{8})$"
)
"""A German account number in front of the number of its bank. Two numbers of eight digits are bank and account."""
_CARD: Final = re.compile(r"(\d{6})(\d{2})?[\dx*•.…#-]*?(\d{4})")
_MASKED: Final = re.compile(r"[x*•…#]")
_CARD_MASKED: Final = 12
_CARD_SHORT: Final = 10
_NATIONAL: Final = {
    "DE": (re.compile(r"(?:blz ?)?(\d{8})[ /,-]*(?:kto|konto|kontonummer)?[. :]*(\d{1,10})"), "{0}{1:0>10}"),
    "CZ": (re.compile(r"(?:(\d{0,6})-)?(\d{2,10})/(\d{4})"), "{2}{0:0>6}{1:0>10}"),
    "SK": (re.compile(r"(?:(\d{0,6})-)?(\d{2,10})/(\d{4})"), "{2}{0:0>6}{1:0>10}"),
}
"""How a national account number is written, and the account part of the IBAN that it becomes (ISO 13616 registry)."""


def read_iban(value: str, context: Context) -> Reading:
    """Parse an IBAN (ISO 13616) and check the length for its country and the check digits (mod 97)."""
    del context
    text = look_alike(_BEHIND.sub("", fold(value).upper()).replace(" ", "").replace("-", "").removeprefix("IBAN"))
    try:
        found = str(stdnum_iban.validate(text.lstrip(":"), check_country=False))
    except ValidationError:
        raise ImpossibleValue("iban", "The length or the check digits are wrong (ISO 13616).") from None
    return exact("iban", found, MatchKey("bank_account", f"{found[:2]}-{found[4:]}", Strength.POSSIBLE))


def read_bank_account(value: str, context: Context) -> Reading:
    """Parse an account number that is no IBAN, with its country. Written with its bank, it meets the IBAN of the account."""
    text = fold(value)
    whole = text.replace(" ", "").upper()
    if _IBAN.match(whole) and stdnum_iban.is_valid(whole, check_country=False):
        return _account_at_bank(whole[:2], whole[4:])
    country = require_country(context)
    if country == "DE":
        text = _BANK_BEHIND.sub(r"\2 \1", text)
    pattern, form = _NATIONAL.get(country, (None, ""))
    found = pattern.fullmatch(text) if pattern else None
    text = form.format(*(group or "" for group in found.groups())) if found else re.sub(r"[\s./-]", "", text).upper()
    if not re.fullmatch("[A-Z0-9]{4,34}", text, re.ASCII) or not any(c.isdigit() for c in text):
        raise ImpossibleValue(
            "bank_account", "An account number must have 4 to 34 letters and digits, at least one of them a digit."
        )
    return _account_at_bank(country, text)


def _account_at_bank(country: str, text: str) -> Reading:
    return Reading(text, (MatchKey("bank_account", f"{country}-{text}", Strength.POSSIBLE),))


def read_bic(value: str, context: Context) -> Reading:
    """Parse the code of a bank, BIC (ISO 9362). It is weak evidence, because all customers of a bank share it."""
    del context
    try:
        text = str(stdnum_bic.validate(fold(value).upper().replace(" ", "")))
    except ValidationError:
        raise ImpossibleValue("bic", "The value must have 8 or 11 letters and digits with a country (ISO 9362).") from None
    return Reading(text, (MatchKey("bic", text[:8], Strength.WEAK),))


def read_card(value: str, context: Context) -> Reading:
    """Parse the first six or eight and last four digits of a payment card (ISO/IEC 7812). A complete card number is refused."""
    del context
    text = re.sub(r"\s", "", fold(value))
    digits = sum(c.isdecimal() for c in text)
    if digits > _CARD_MASKED or (digits > _CARD_SHORT and not _MASKED.search(text)):
        raise ImpossibleValue(
            "full_card_number", "Send only the first six or eight and the last four digits; complete card numbers are not stored."
        )
    plain = text.replace("-", "") if _MASKED.search(text) else text
    found = _CARD.fullmatch(plain)
    if found is None:
        raise ImpossibleValue("card", "The value must be the first six and the last four digits of a card number (ISO/IEC 7812).")
    return Reading(f"{found[1]}******{found[3]}", (MatchKey("card", f"{found[1]}{found[3]}", Strength.WEAK),))
