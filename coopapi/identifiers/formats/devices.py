"""Parsers for vehicles, cards, devices and ledgers: VIN, IMSI, ICCID, payment cards, device ids, user agents, Monero, I2P."""

import re
from typing import Final

from Crypto.Hash import keccak
from stdnum import imsi as stdnum_imsi
from stdnum import luhn
from stdnum.exceptions import ValidationError

from coopapi.identifiers.formats.reading import Context, ImpossibleValue, MatchKey, Reading, Strength, exact
from coopapi.unicode_text import clean, fold

_VIN_VALUES: Final = dict(
    zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", [*range(10), *range(1, 9), *range(1, 6), 7, 9, *range(2, 10)], strict=True)
)
_VIN_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_CARD: Final = re.compile(r"(\d{6})[\dxX*•.…-]*?(\d{4})")
_MONERO: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_MONERO_BLOCKS: Final = {11: 8, 7: 5, 2: 1, 3: 2, 5: 3, 6: 4, 9: 6, 10: 7}


def read_vin(value: str, context: Context) -> Reading:
    """Parse a vehicle identification number (ISO 3779). Its check digit is used only in North America (49 CFR 565)."""
    del context
    text = re.sub(r"[\s-]", "", fold(value).upper())
    if not re.fullmatch("[A-HJ-NPR-Z0-9]{17}", text, re.ASCII):
        raise ImpossibleValue("vin", "The value must have 17 letters and digits without I, O and Q (ISO 3779).")
    rest = sum(_VIN_VALUES[c] * w for c, w in zip(text, _VIN_WEIGHTS, strict=True)) % 11
    wrong = text[0] in "12345" and text[8] != ("X" if rest == 10 else str(rest))  # noqa: PLR2004 (ten is written X)
    return exact("vin", text, warnings=("vin_check_digit",) if wrong else ())


def read_imsi(value: str, context: Context) -> Reading:
    """Parse the number of a mobile subscription, IMSI (ITU-T E.212)."""
    del context
    try:
        return exact("imsi", str(stdnum_imsi.validate(fold(value))))
    except ValidationError:
        raise ImpossibleValue(
            "imsi", "The value must have 14 or 15 digits with a known country and network (ITU-T E.212)."
        ) from None


def read_iccid(value: str, context: Context) -> Reading:
    """Parse the number of a SIM card, ICCID (ITU-T E.118), which starts with 89 and ends with a check digit."""
    del context
    text = re.sub(r"[\s-]", "", fold(value)).removesuffix("f")
    if not re.fullmatch("89[0-9]{16,18}", text, re.ASCII):
        raise ImpossibleValue("iccid", "The value must have 18 to 20 digits that begin with 89 (ITU-T E.118).")
    if len(text) > 18 and not luhn.is_valid(text):  # noqa: PLR2004 (without its check digit)
        raise ImpossibleValue("iccid_check", "The check digit is wrong (ITU-T E.118, Luhn).")
    return exact("iccid", text)


def read_card(value: str, context: Context) -> Reading:
    """Parse the first six and last four digits of a payment card (ISO/IEC 7812). A complete card number is refused."""
    del context
    text = re.sub(r"\s", "", fold(value))
    digits = re.sub(r"\D", "", text)
    if len(digits) > 10:  # noqa: PLR2004 (six and four)
        raise ImpossibleValue(
            "full_card_number", "Send only the first six and the last four digits; complete card numbers are not stored."
        )
    found = _CARD.fullmatch(text)
    if found is None:
        raise ImpossibleValue("card", "The value must be the first six and the last four digits of a card number (ISO/IEC 7812).")
    return Reading(f"{found[1]}******{found[2]}", (MatchKey("card", f"{found[1]}{found[2]}", Strength.WEAK),))


def read_user_agent(value: str, context: Context) -> Reading:
    """Parse a user agent (RFC 9110, 10.1.5). It is weak evidence because many browsers send the same one."""
    del context
    text = fold(value)
    return Reading(text, (MatchKey("user_agent", text, Strength.WEAK),))


def read_device_id(value: str, context: Context) -> Reading:
    """Parse a device or advertising id: a UUID (RFC 9562) or the 16 digits of Android. Users can reset it."""
    del context
    text = re.sub(r"[\s{}-]", "", fold(value))
    if not re.fullmatch("[0-9a-f]{16}(?:[0-9a-f]{16})?", text, re.ASCII):
        raise ImpossibleValue("device_id", "The value must be a UUID or 16 hexadecimal digits.")
    if len(set(text)) == 1:
        raise ImpossibleValue("no_device", "Devices that do not reveal their id all send this value.")
    return Reading(text, (MatchKey("device_id", text, Strength.POSSIBLE),))


def read_tx_hash(value: str, context: Context) -> Reading:
    """Parse the hash of a transaction on a public ledger."""
    del context
    text = fold(value).replace(" ", "").removeprefix("0x")
    if not re.fullmatch("[0-9a-f]{64}", text, re.ASCII):
        raise ImpossibleValue("tx_hash", "The value must have 64 hexadecimal digits.")
    return exact("tx_hash", text)


def read_monero(value: str, context: Context) -> Reading:
    """Parse a Monero address (Base58 in blocks, Keccak checksum). An integrated address is reduced to the address in it."""
    del context
    text = clean(value).replace(" ", "").removeprefix("monero:").partition("?")[0]
    raw = _monero_bytes(text)
    if len(raw) not in {69, 77} or _keccak(raw[:-4])[:4] != raw[-4:]:
        raise ImpossibleValue("monero", "The letters, length or checksum are wrong (Monero Base58).")
    return Reading(text, (MatchKey("monero", raw[1:65].hex()),))


def _monero_bytes(text: str) -> bytes:
    out = b""
    for start in range(0, len(text), 11):
        block = text[start : start + 11]
        size, number = _MONERO_BLOCKS.get(len(block), 0), 0
        for character in block:
            number = number * 58 + _MONERO.find(character)
        if not size or not set(block) <= set(_MONERO) or number >= 256**size:
            return b""
        out += number.to_bytes(size, "big")
    return out


def _keccak(data: bytes) -> bytes:
    return keccak.new(digest_bits=256, data=data).digest()


def read_i2p(value: str, context: Context) -> Reading:
    """Parse an I2P destination: 52 characters of Base32 followed by .b32.i2p."""
    del context
    text = fold(value).removeprefix("http://").rstrip("/").removesuffix(".b32.i2p")
    if not re.fullmatch("[a-z2-7]{52}", text, re.ASCII):
        raise ImpossibleValue("i2p", "The value must have 52 characters of Base32 before .b32.i2p.")
    return exact("i2p", f"{text}.b32.i2p")
