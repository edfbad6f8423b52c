"""The kinds of identifiers, each with its parser, the context that it needs and its own warnings."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from coopapi.identifiers.formats import (
    accounts,
    devices,
    documents,
    files,
    messengers,
    money,
    networks,
    parcels,
    persons,
    phones,
    pictures,
    urls,
    wallets,
)
from coopapi.identifiers.formats.cleaning import clean_up
from coopapi.identifiers.formats.common import REASONS, weaken
from coopapi.identifiers.formats.reading import STRENGTH_NAMES, Context, ImpossibleValue, MatchKey, Reading, Strength
from coopapi.unicode_text import MAX_TEXT, clean, normal_length

__all__ = ["KINDS", "STRENGTH_NAMES", "Context", "IdentifierKind", "ImpossibleValue", "MatchKey", "Reading", "Strength", "read"]


@dataclass(frozen=True, slots=True)
class IdentifierKind:
    """One kind of identifier. Its label and its standard are in the codelist `identifier_kinds`."""

    name: str
    read: Callable[[str, Context], Reading]
    example: str
    needs: tuple[str, ...] = ()
    warnings: Mapping[str, str] = field(default_factory=dict)


_ADDRESS_WARNINGS: Final = {
    "no_time": "Without the time of use, an address is weak evidence, because many users have it one after another (RFC 6302).",
    "private_address": "A private address is used in every network (RFC 1918, RFC 4193).",
    "documentation_address": "An address reserved for documentation belongs to nobody (RFC 5737, RFC 3849).",
    "loopback_address": "Every machine has the same loopback address (RFC 1122).",
    "link_local_address": "A link-local address is valid only within one network link (RFC 3927, RFC 4291).",
    "multicast_address": "A multicast address belongs to a group of machines (RFC 5771).",
    "unspecified_address": "The unspecified address does not belong to any machine (RFC 4291).",
    "reserved_address": "A reserved address belongs to nobody (RFC 1112).",
    "shared_address": "A carrier shares this address among customers; only port and time together identify one (RFC 6598).",
}
_PICTURE_WARNINGS: Final = {
    "low_quality": "According to PDQ, hashes with a quality below 50 are not suitable for comparison.",
}
COMMON_WARNINGS: Final[Mapping[str, str]] = {
    **REASONS,
    "old_digests": "These digests were made before the rules for persons changed; make them again and send them in place of these.",
    "read_by_old_rules": "Today's rules refuse this value, so it still matches by those under which it was registered; correct it.",
    "several_values": "The cell holds several values, so each is only possible evidence; send each as an identifier of its own.",
}
"""Warnings that values of every kind can have."""
COMMON: Final = "Many people or devices have the value, or it is the site of a large provider."
_LISTED: Final = frozenset([
    "phone", "email", "username", "url", "domain", "ip", "md5", "sha1", "sha256", "sha512", "iban", "btc_address",
    "eth_address", "xmr_address", "tron_address", "ltc_address", "imei", "imsi", "iccid", "mac", "platform_user_id", "xmpp",
    "telegram", "signal", "whatsapp", "kik", "threema", "snapchat", "discord", "viber", "line", "skype", "vin",
])  # fmt: skip
"""Kinds whose values are so distinct that a cell with several can be taken apart."""
_SEPARATOR: Final = re.compile(r" ?[;|] ?|, | / | (?=https?://)")
_MOST_VALUES: Final = 4
_VIN_WARNINGS: Final = {"vin_check_digit": "The check digit that North American numbers have is wrong (49 CFR 565)."}
_MONERO_EXAMPLE: Final = "41fKjWJQySv2LxFSMtsQ5k3gsHPkECmXt52nKM8ZY8z26NhMJWtsWSA7icPFuECstJ94XRDHZYFLSAQSTAftscna8JuzEJT"

KINDS: Final[Mapping[str, IdentifierKind]] = {
    kind.name: kind
    for kind in (
        IdentifierKind(
            "phone",
            phones.read_phone,
            "+31 6 12345678",
            warnings={"unassigned_number": "This number range is not assigned to a known operator (E.164)."},
        ),
        IdentifierKind("email", networks.read_email, "heron@example.org"),
        IdentifierKind("username", accounts.read_username, "night.heron@chat.example", needs=("platform",)),
        IdentifierKind("url", urls.read_url, "https://board.example/thread/7"),
        IdentifierKind("domain", networks.read_domain, "board.example"),
        IdentifierKind("ip", networks.read_ip, "198.51.100.7", warnings=_ADDRESS_WARNINGS),
        IdentifierKind("md5", files.read_hash("md5"), "0f" * 16),
        IdentifierKind("sha1", files.read_hash("sha1"), "0f" * 20),
        IdentifierKind("sha256", files.read_hash("sha256"), "0f" * 32),
        IdentifierKind("iban", money.read_iban, "DE89 3704 0044 0532 0130 00"),
        IdentifierKind("passport", documents.document("passport"), "XR1234567", needs=("country",)),
        IdentifierKind(
            "national_id",
            documents.read_national_id,
            "111222333",
            needs=("country",),
            warnings={
                "unchecked_national_id": "The rule for numbers of this country is not known, so the number was stored unchanged."
            },
        ),
        IdentifierKind("btc_address", wallets.read_btc, "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
        IdentifierKind(
            "eth_address",
            wallets.read_eth,
            "0x" + "ab" * 20,
            warnings={"eip55": "The capital letters do not match the checksum (EIP-55); check for a typing error."},
        ),
        IdentifierKind(
            "onion",
            networks.read_onion,
            "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion",
            warnings={"onion_v2": "Version 2 onion services ended in October 2021."},
        ),
        IdentifierKind("imei", devices.read_imei, "490154203237518"),
        IdentifierKind(
            "pgp_fingerprint",
            files.read_pgp,
            "0123456789ABCDEF" * 2 + "01234567",
            warnings={"key_id_only": "A key id can be forged; the full fingerprint is more reliable."},
        ),
        IdentifierKind(
            "mac",
            networks.read_mac,
            "00:1b:63:84:45:e6",
            warnings={"locally_administered": "Phones generate such addresses at random and change them."},
        ),
        IdentifierKind("platform_user_id", accounts.read_platform_id, "4815162342", needs=("platform",)),
        IdentifierKind("xmpp", messengers.read_xmpp, "heron@jabber.example/phone"),
        IdentifierKind("matrix", messengers.read_matrix, "@heron:matrix.example"),
        IdentifierKind("session", messengers.read_session, "05" + "0f" * 32),
        IdentifierKind("tox", messengers.read_tox, "0F" * 32),
        IdentifierKind("telegram", accounts.read_telegram, "@night_heron"),
        IdentifierKind("signal", messengers.read_signal, "night_heron.42"),
        IdentifierKind("kik", accounts.on("kik"), "night.heron"),
        IdentifierKind("threema", messengers.read_threema, "HERON042"),
        IdentifierKind("cybertip", pictures.read_cybertip, "CyberTip 123456789"),
        IdentifierKind("icse_series", pictures.read_series, "Blue Heron 7"),
        IdentifierKind("pdq", pictures.read_pdq, "d8f8f0cce0f4a84f" * 4, warnings=_PICTURE_WARNINGS),
        IdentifierKind("photodna", pictures.read_photodna, "AAEC" * 48),
        IdentifierKind("vin", devices.read_vin, "1M8GDM9AXKP042788", warnings=_VIN_WARNINGS),
        IdentifierKind("imsi", devices.read_imsi, "204046620123456"),
        IdentifierKind("iccid", devices.read_iccid, "8931440300000000000"),
        IdentifierKind("card", money.read_card, "411111******1111"),
        IdentifierKind("device_id", devices.read_device_id, "8c7f1ae2-0b5e-4d64-9d3a-5f2f0c3e7a11"),
        IdentifierKind("user_agent", devices.read_user_agent, "Heronfox/1.0 (reeds)"),
        IdentifierKind("tx_hash", wallets.read_tx_hash, "0x" + "0f" * 32),
        IdentifierKind("xmr_address", wallets.read_monero, _MONERO_EXAMPLE),
        IdentifierKind("i2p", networks.read_i2p, "abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst.b32.i2p"),
        IdentifierKind(
            "person",
            persons.read_nothing,
            "",
            warnings={"name_alone": "One word without a date of birth is not enough to find matches; add what is known."},
        ),
        IdentifierKind("vehicle_plate", documents.read_plate, "12-ABC-3", needs=("country",)),
        IdentifierKind("whatsapp", phones.read_whatsapp, "31612345678@s.whatsapp.net"),
        IdentifierKind("group", accounts.read_group, "https://t.me/+AbCdEfGhIjK0aQ"),
        IdentifierKind("infohash", files.read_infohash, "0f" * 20),
        IdentifierKind("magnet", files.read_magnet, "magnet:?xt=urn:btih:0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"),
        IdentifierKind("ed2k", files.read_ed2k, "0f" * 16),
        IdentifierKind("tth", files.read_tth, "abcdefghijklm" * 3),
        IdentifierKind("client_guid", files.read_client_guid, "0f1e" * 8),
        IdentifierKind("sha512", files.read_hash("sha512"), "0f" * 64),
        IdentifierKind("tmk", files.read_tmk, "0f" * 32),
        IdentifierKind("iscc", files.read_iscc, "ISCC:KACYPXW445FTYNJ3CYSXHAFJMA2HUWULUNRFE3BLHRSCXYH2M5AEGQY"),
        IdentifierKind("tron_address", wallets.read_tron, "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8"),
        IdentifierKind("ltc_address", wallets.read_ltc, "LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9"),
        IdentifierKind("bch_address", wallets.read_bch, "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
        IdentifierKind("xrp_address", wallets.read_xrp, "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59"),
        IdentifierKind("ton_address", wallets.read_ton, "EQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqB2N"),
        IdentifierKind("identity_card", documents.document("identity_card"), "IA1234567", needs=("country",)),
        IdentifierKind("residence_permit", documents.document("residence_permit"), "RP1234567", needs=("country",)),
        IdentifierKind("driving_licence", documents.document("driving_licence"), "DL1234567", needs=("country",)),
        IdentifierKind("travel_document", documents.document("travel_document"), "TD1234567", needs=("country",)),
        IdentifierKind("bank_account", money.read_bank_account, "37040044 / 532013000", needs=("country",)),
        IdentifierKind("bic", money.read_bic, "DEUTDEFF"),
        IdentifierKind("payment_handle", accounts.read_username, "https://paypal.me/nightheron", needs=("platform",)),
        IdentifierKind("serial_number", devices.read_serial, "F2LX0ABCD123"),
        IdentifierKind("meid", devices.read_meid, "AF0123450ABCDE"),
        IdentifierKind("eid", devices.read_eid, "89049032123451234512345678901235"),
        IdentifierKind("snapchat", accounts.on("snapchat"), "night-heron"),
        IdentifierKind("discord", accounts.on("discord"), "night.heron"),
        IdentifierKind("viber", phones.read_viber, "+31 6 12345678"),
        IdentifierKind("line", accounts.on("line"), "nightheron"),
        IdentifierKind(
            "simplex",
            messengers.read_simplex,
            "https://simplex.chat/contact#/?v=2-7&smp=smp%3A%2F%2FPQUV2eL0t7OStZOoAsPEV2QYWt4-xilbakvGUGOItUo%3D%40smp6.simplex.im%2FK1rslx-m5bpXVIdMZg9NLUZ_8JBm8xTt",
        ),
        IdentifierKind("skype", accounts.on("skype"), "live:night.heron"),
        IdentifierKind("file_name", files.read_file_name, "night heron in the reeds.mp4"),
        IdentifierKind("ssid", parcels.read_ssid, "Reed-Marsh-7"),
        IdentifierKind("public_key", files.read_public_key, "SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDkCAlqQhj5nIzc9Lk"),
        IdentifierKind("as_number", networks.read_as_number, "AS64496"),
        IdentifierKind("parcel_number", parcels.read_parcel, "RB123456785NL"),
    )
}


def read(kind: str, value: str, context: Context) -> Reading:
    """Parse a value by the standard of its kind. Raises `ImpossibleValue` with the rule that it breaks, but never the value."""
    too_long = ImpossibleValue("too_long", f"The value is longer than {MAX_TEXT} characters.")
    if len(value) > MAX_TEXT or normal_length(value) > 2 * MAX_TEXT:
        raise too_long
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise ImpossibleValue("surrogate", "The value contains an unpaired surrogate.")
    seen = clean(value)
    if not seen:
        raise ImpossibleValue("empty", "The value is empty.")
    if len(seen) > MAX_TEXT:
        raise too_long
    reading = (_read_several(kind, value, context) if kind in _LISTED else None) or _read_one(kind, value, context)
    if len(reading.normalised) > 2 * MAX_TEXT:
        raise too_long
    return reading


def _read_one(kind: str, value: str, context: Context) -> Reading:
    """Parse one value. Of two equal keys the first is kept, which is the stronger one."""
    reading = weaken(kind, KINDS[kind].read(clean_up(kind, value), context))
    if len(reading.keys) == 1:
        return reading
    unique = tuple({(key.family, key.text): key for key in reversed(reading.keys)}.values())[::-1]
    return reading if len(unique) == len(reading.keys) else reading._replace(keys=unique)


def _read_several(kind: str, value: str, context: Context) -> Reading | None:
    """Parse a cell with two to four values; each is only possible evidence. Return None if it is no list."""
    if not _SEPARATOR.search(value) and "\n" not in value:
        return None
    text = "; ".join(" ".join(line.split()) for line in value.splitlines() if line.strip())
    parts = [part for part in _SEPARATOR.split(text) if part.strip()]
    if len(parts) < 2:  # noqa: PLR2004 (a list)
        return None
    try:
        readings = [_read_one(kind, part, context) for part in parts[: _MOST_VALUES + 1]]
    except ImpossibleValue:
        return None
    if len({reading.keys[0] for reading in readings}) == 1:
        return readings[0]
    if len(parts) > _MOST_VALUES:
        raise ImpossibleValue("several_values", f"The value is a list of more than {_MOST_VALUES} values; send each on its own.")
    keys = {(key.family, key.text): key for reading in readings for key in reading.keys if key.strength > Strength.ASKS}
    weaker = tuple(key._replace(strength=min(key.strength, Strength.POSSIBLE)) for key in keys.values())
    warnings = tuple(dict.fromkeys(["several_values", *(w for reading in readings for w in reading.warnings)]))
    return Reading(
        "; ".join(reading.normalised for reading in readings), weaker, warnings, "; ".join(r.keys[0].text for r in readings)
    )


def common_value(code: str, version: str) -> dict[str, str | None]:
    """Return why a value tells nobody apart, for a reason of the list in this version."""
    return {"code": code, "detail": REASONS.get(code, COMMON), "list_version": version}


def excluded_value() -> dict[str, str | None]:
    """Return why a value tells nobody apart that the operator added to those of the list."""
    return {"code": "excluded", "detail": "The operator excluded this value for all cases.", "list_version": None}


def warning_text(kind: str, code: str) -> str:
    """Return the explanation of a warning about a value of this kind."""
    return KINDS[kind].warnings.get(code) or COMMON_WARNINGS.get(code, code)
