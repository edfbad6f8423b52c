"""Parsers for vehicles, devices and subscriptions: VIN, IMEI, MEID, EID, IMSI, ICCID, ids and serial numbers, user agents."""

import re
from typing import Final

from stdnum import imsi as stdnum_imsi
from stdnum import luhn
from stdnum import meid as stdnum_meid
from stdnum.exceptions import ValidationError

from coopapi.identifiers.formats.reading import Context, ImpossibleValue, MatchKey, Reading, Strength, exact, look_alike, twin_keys
from coopapi.unicode_text import fold

_VIN_VALUES: Final = dict(
    zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", [*range(10), *range(1, 9), *range(1, 6), 7, 9, *range(2, 10)], strict=True)
)
_VIN_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_HOME_REALM: Final = re.compile(r"[0-8]??([0-9]{14,15})@(?:ims|nai\.epc|wlan)\.mnc[0-9]{2,3}\.mcc[0-9]{3}\.3gppnetwork\.org")
_EID_MODULUS: Final = 97


def read_vin(value: str, context: Context) -> Reading:
    """Parse a vehicle identification number (ISO 3779). Its check digit is used only in North America (49 CFR 565)."""
    del context
    written = re.sub(r"[\s-]", "", fold(value).upper())
    text = look_alike(written)
    if not re.fullmatch("[A-HJ-NPR-Z0-9]{17}", text, re.ASCII):
        raise ImpossibleValue("vin", "The value must have 17 letters and digits without I, O and Q (ISO 3779).")
    rest = sum(_VIN_VALUES[c] * w for c, w in zip(text, _VIN_WEIGHTS, strict=True)) % 11
    wrong = text[0] in "12345" and text[8] != ("X" if rest == 10 else str(rest))  # noqa: PLR2004 (ten is written X)
    return Reading(written, twin_keys("vin", "", written), ("vin_check_digit",) if wrong else ())


def read_imsi(value: str, context: Context) -> Reading:
    """Parse the number of a mobile subscription, IMSI (ITU-T E.212)."""
    del context
    try:
        return exact("imsi", str(stdnum_imsi.validate(_HOME_REALM.sub(r"\1", fold(value)))))
    except ValidationError:
        raise ImpossibleValue(
            "imsi", "The value must have 14 or 15 digits with a known country and network (ITU-T E.212)."
        ) from None


def read_iccid(value: str, context: Context) -> Reading:
    """Parse the number of a SIM card, ICCID (ITU-T E.118), with or without its check digit, also as the card stores it."""
    del context
    text = re.sub(r"[\s-]", "", fold(value))
    if re.fullmatch("98[0-9f]{16,18}", text, re.ASCII):  # the halves of each byte are exchanged (3GPP TS 31.102, EF ICCID)
        text = "".join(text[i + 1 : i + 2] + text[i] for i in range(0, len(text), 2))
    text = text.rstrip("f")
    if not re.fullmatch("89[0-9]{16,18}", text, re.ASCII):
        raise ImpossibleValue("iccid", "The value must have 18 to 20 digits that begin with 89 (ITU-T E.118).")
    if len(text) > 18 and not luhn.is_valid(text):  # noqa: PLR2004 (without its check digit)
        raise ImpossibleValue("iccid_check", "The check digit is wrong (ITU-T E.118, Luhn).")
    bare = text if len(text) == 18 else text[:-1]  # noqa: PLR2004 (without its check digit)
    longer = (MatchKey("iccid", text, Strength.POSSIBLE),) if len(text) == 19 else ()  # noqa: PLR2004 (or one of 20 without it)
    return Reading(text, (MatchKey("iccid", bare), *longer))


def read_user_agent(value: str, context: Context) -> Reading:
    """Parse a user agent (RFC 9110, 10.1.5). It is weak evidence because many browsers send the same one."""
    del context
    text = fold(value)
    return Reading(text, (MatchKey("user_agent", text, Strength.WEAK),))


def read_device_id(value: str, context: Context) -> Reading:
    """Parse a device or advertising id: a UUID (RFC 9562), 16 digits of Android, 24 or 40 of Apple. Users can reset it."""
    del context
    text = re.sub(r"[\s{}-]", "", fold(value))
    text = text.zfill(16) if len(text) in {14, 15} else text  # Android leaves out zeros at the beginning
    if not re.fullmatch("[0-9a-f]{16}|[0-9a-f]{24}|[0-9a-f]{32}|[0-9a-f]{40}", text, re.ASCII):
        raise ImpossibleValue("device_id", "The value must be a UUID, or 16, 24 or 40 hexadecimal digits.")
    if len(set(text)) == 1:
        raise ImpossibleValue("no_device", "Devices that do not reveal their id all send this value.")
    return Reading(text, (MatchKey("device_id", text, Strength.POSSIBLE),))


def read_imei(value: str, context: Context) -> Reading:
    """Parse an IMEI, with or without check digit, or an IMEISV. The first 14 digits identify the device (3GPP TS 23.003).

    Networks send a spare digit 0 in place of the check digit.
    """
    del context
    text = re.sub(r"[\s/.-]", "", fold(value))
    text = text[:15] if len(text) == 17 else text  # noqa: PLR2004 (with its software version behind a slash)
    if not re.fullmatch("[0-9]{14,16}", text, re.ASCII) or len(set(text)) == 1:
        raise ImpossibleValue(
            "imei", "The value must have 14 digits, 15 with the check digit, or 16 with the software version (3GPP TS 23.003)."
        )
    if len(text) == 15 and text[-1] != "0" and not luhn.is_valid(text):  # noqa: PLR2004 (IMEI)
        raise ImpossibleValue("imei_check", "The check digit is wrong (3GPP TS 23.003, Luhn).")
    return Reading(text, (MatchKey("imei", text[:14]),))


def read_meid(value: str, context: Context) -> Reading:
    """Parse a MEID in hexadecimal or decimal digits, with or without check digit (3GPP2 S.R0048)."""
    del context
    try:
        text = str(stdnum_meid.validate(fold(value).upper(), strip_check_digit=True))
    except (ValidationError, ValueError):
        raise ImpossibleValue("meid", "The value must have 14 hexadecimal or 18 decimal digits (3GPP2 S.R0048).") from None
    return exact("meid", text, *([MatchKey("imei", text)] if text.isdecimal() else []))


def read_eid(value: str, context: Context) -> Reading:
    """Parse the number of an embedded SIM, EID: 32 digits that begin with 89 (GSMA SGP.02, SGP.29)."""
    del context
    text = re.sub(r"[\s-]", "", fold(value))
    if not re.fullmatch("89[0-9]{30}", text, re.ASCII) or int(text) % _EID_MODULUS != 1:
        raise ImpossibleValue("eid", "The value must have 32 digits that begin with 89, with right check digits (GSMA SGP.29).")
    return exact("eid", text)


def read_serial(value: str, context: Context) -> Reading:
    """Parse the serial number of a device. Makers choose them freely, so equal numbers are possible evidence."""
    del context
    text = re.sub(r"[\s-]", "", fold(value).upper())
    if not re.fullmatch("[A-Z0-9/._]{5,40}", text, re.ASCII) or not any(c.isdigit() for c in text):
        raise ImpossibleValue(
            "serial_number", "A serial number must have 5 to 40 letters and digits, at least one of them a digit."
        )
    return Reading(text, (MatchKey("serial_number", text, Strength.POSSIBLE),))
