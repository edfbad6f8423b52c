"""Parsers for accounts and money: telephone numbers, usernames, IBANs and wallets."""

import hashlib
import re
from typing import Final

import phonenumbers
from Crypto.Hash import keccak
from phonenumbers import NumberParseException
from stdnum import iban as stdnum_iban
from stdnum.exceptions import ValidationError

from coopapi.identifiers.formats.reading import Context, ImpossibleValue, MatchKey, Reading, Strength, exact
from coopapi.unicode_text import clean, fold

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATORS: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32M: Final = 0x2BC830A3
_PROFILE: Final = re.compile(r"^(?:https?://)?(?:[\w-]+\.)+[a-z]{2,}/(?=@?[^/?#]+/?$)", re.IGNORECASE)  # https://t.me/name
_HANDLE: Final = re.compile(r"[^\s@/]{1,100}")


def read_phone(value: str, context: Context) -> Reading:
    """Parse a telephone number (E.164): international, or national together with its country."""
    text = fold(value).removeprefix("tel:")
    if not re.fullmatch(r"[+0-9 ()./\-]+(?:\s*(?:ext|x|#)\.?\s*[0-9]{1,8})?", text):
        raise ImpossibleValue("phone", "The value is not a valid telephone number (E.164).")
    if text.startswith("00"):
        text = "+" + text[2:]
    if not text.startswith("+") and not context.country:
        raise ImpossibleValue(
            "phone_country", "A national number needs its country; an international number must start with +.", "context.country"
        )
    try:
        number = phonenumbers.parse(_without_trunk_zero(text), context.country)
    except NumberParseException:
        raise ImpossibleValue("phone", "The value is not a valid telephone number (E.164).") from None
    if not phonenumbers.is_possible_number(number):
        raise ImpossibleValue("phone_length", "No number with this country code has this length (E.164).")
    warnings = () if phonenumbers.is_valid_number(number) else ("unassigned_number",)
    number.extension = None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    settled = phonenumbers.format_number(phonenumbers.parse(written), phonenumbers.PhoneNumberFormat.E164)
    return exact("phone", settled, warnings=warnings)


def _without_trunk_zero(text: str) -> str:
    """Remove a zero in brackets after the country code, except where it belongs to the number (Italy, San Marino, Vatican)."""
    return text.replace("(0)", "") if text.startswith("+") and not text.startswith(("+39", "+378", "+379")) else text


def read_username(value: str, context: Context) -> Reading:
    """Parse a username on a platform. The same name on another platform is weak evidence."""
    text = fold(_PROFILE.sub("", value.strip()).rstrip("/")).removeprefix("@").lstrip()
    platform = fold(context.platform or "")
    if not platform and "@" in text:
        text, _, platform = text.rpartition("@")
    if not platform:
        raise ImpossibleValue(
            "platform_needed", "A username needs its platform, as name@platform or in context.platform.", "context.platform"
        )
    text = text.removesuffix(f"@{platform}")
    if not _HANDLE.fullmatch(text) or not _HANDLE.fullmatch(platform):
        raise ImpossibleValue("username", "A username must not contain a space, @ or slash.")
    return exact("username", f"{text}@{platform}", MatchKey("handle", text, Strength.WEAK))


def read_iban(value: str, context: Context) -> Reading:
    """Parse an IBAN (ISO 13616) and check the length for its country and the check digits (mod 97)."""
    del context
    text = fold(value).upper().replace(" ", "").replace("-", "").removeprefix("IBAN")
    try:
        found = stdnum_iban.validate(text.lstrip(":"), check_country=False)
    except ValidationError:
        raise ImpossibleValue("iban", "The length or the check digits are wrong (ISO 13616).") from None
    return exact("iban", str(found))


def read_btc(value: str, context: Context) -> Reading:
    """Parse a Bitcoin address: Base58Check, bech32 (BIP-173) or bech32m (BIP-350)."""
    del context
    text = clean(value).replace(" ", "")
    text = text.partition(":")[2] if text.lower().startswith("bitcoin:") else text
    text = text.partition("?")[0]
    if text[:3].lower() == "bc1":
        return exact("btc", _segwit(text))
    number = 0
    for character in text:
        if character not in _BASE58 or len(text) > 40:  # noqa: PLR2004 (the longest is 35)
            raise ImpossibleValue("base58", "The value is too long or contains a character that is not in Base58.")
        number = number * 58 + _BASE58.index(character)
    raw = number.to_bytes(30, "big").lstrip(b"\0") if number < 2**240 else b""
    raw = b"\0" * (len(text) - len(text.lstrip("1"))) + raw
    check = hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()[:4]
    if len(raw) != 25 or raw[-4:] != check or raw[0] not in (0x00, 0x05):  # noqa: PLR2004 (version, hash160, checksum)
        raise ImpossibleValue("base58check", "The length, version or checksum is wrong (Base58Check).")
    return exact("btc", text)


def _segwit(text: str) -> str:
    """Check a segregated-witness address and return it in lower case."""
    wrong = ImpossibleValue("bech32", "The letters, length or checksum are wrong (BIP-173, BIP-350).")
    if text not in (text.lower(), text.upper()) or len(text) > 90:  # noqa: PLR2004 (BIP-173)
        raise wrong
    text = text.lower()
    data = [_BECH32.find(c) for c in text[3:]]
    if min(data, default=-1) < 0 or len(data) < 8:  # noqa: PLR2004 (version, program, checksum)
        raise wrong
    version, sum_ = data[0], _polymod([3, 3, 0, 2, 3, *data])
    program = _regroup(data[1:-6])
    lengths = (20, 32) if version == 0 else range(2, 41)
    if version > 16 or sum_ != (1 if version == 0 else _BECH32M) or program is None or program not in lengths:  # noqa: PLR2004 (BIP-141)
        raise wrong
    return text


def _polymod(values: list[int]) -> int:
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for i, generator in enumerate(_GENERATORS):
            checksum ^= generator if top >> i & 1 else 0
    return checksum


def _regroup(values: list[int]) -> int | None:
    """Return the number of bytes in groups of five bits, or None if the remaining bits are not zero padding."""
    bits = "".join(f"{v:05b}" for v in values)
    rest = bits[len(bits) // 8 * 8 :]
    return None if len(rest) > 4 or "1" in rest else len(bits) // 8  # noqa: PLR2004 (BIP-173)


def read_eth(value: str, context: Context) -> Reading:
    """Parse an Ethereum address. Mixed case that does not match EIP-55 causes a warning but is not refused."""
    del context
    text = clean(value).replace(" ", "").removeprefix("ethereum:")
    digits = text[2:] if text[:2].lower() == "0x" else text
    if not re.fullmatch("[0-9a-fA-F]{40}", digits, re.ASCII):
        raise ImpossibleValue("eth_address", "The value must be 0x and 40 hexadecimal digits.")
    mixed = digits not in (digits.lower(), digits.upper())
    warnings = ("eip55",) if mixed and digits != _eip55(digits.lower()) else ()
    return exact("eth", f"0x{digits.lower()}", warnings=warnings)


def _eip55(digits: str) -> str:
    pattern = keccak.new(digest_bits=256, data=digits.encode()).hexdigest()
    return "".join(c.upper() if int(p, 16) > 7 else c for c, p in zip(digits, pattern, strict=False))  # noqa: PLR2004 (EIP-55)
