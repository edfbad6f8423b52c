"""The kinds of identifiers, each with its standard, its parser, the context that it needs, and possible warnings."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from coopapi.identifiers.formats import accounts, devices, documents, files, messengers, money, networks, parcels, persons, phones, pictures
from coopapi.identifiers.formats import urls, wallets
from coopapi.identifiers.formats.cleaning import clean_up
from coopapi.identifiers.formats.common import REASONS, weaken
from coopapi.identifiers.formats.reading import Context, ImpossibleValue, MatchKey, Reading, Strength
from coopapi.unicode_text import MAX_TEXT, clean, normal_length

__all__ = ["KINDS", "Context", "IdentifierKind", "ImpossibleValue", "MatchKey", "Reading", "Strength", "read"]


@dataclass(frozen=True, slots=True)
class IdentifierKind:
    """One kind of identifier."""

    name: str
    label: str
    standard: str
    read: Callable[[str, Context], Reading]
    example: str
    needs: tuple[str, ...] = ()
    warnings: dict[str, str] = field(default_factory=dict)


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
    "flat_picture": "All pictures without contrast have similar hashes.",
    "low_quality": "According to PDQ, hashes with a quality below 50 are not suitable for comparison.",
}
COMMON_WARNINGS: Final[Mapping[str, str]] = {
    **REASONS,
    "several_values": "The cell holds several values, so each is only possible evidence; send each as an identifier of its own.",
}
"""Warnings that values of every kind can have."""
_LISTED: Final = frozenset(
    "phone email username url domain ip md5 sha1 sha256 sha512 iban btc_address eth_address xmr_address tron_address ltc_address imei imsi"
    " iccid mac platform_user_id xmpp telegram signal whatsapp kik threema snapchat discord viber line skype vin".split()
)
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
            "Telephone number",
            "ITU-T E.164",
            phones.read_phone,
            "+31 6 12345678",
            warnings={
                "unassigned_number": "This number range is not assigned to a known operator (E.164).",
            },
        ),
        IdentifierKind("email", "E-mail address", "RFC 5321, RFC 6531", networks.read_email, "heron@example.org"),
        IdentifierKind(
            "username", "Username on a platform", "UTS #39", accounts.read_username, "night.heron@chat.example", ("platform",)
        ),
        IdentifierKind("url", "URL", "RFC 3986", urls.read_url, "https://board.example/thread/7"),
        IdentifierKind("domain", "Domain name", "RFC 1035, RFC 5890", networks.read_domain, "board.example"),
        IdentifierKind(
            "ip", "IP address", "RFC 791, RFC 4291, RFC 5952", networks.read_ip, "198.51.100.7", warnings=_ADDRESS_WARNINGS
        ),
        IdentifierKind("md5", "MD5 of a file", "RFC 1321", files.read_hash("md5"), "0f" * 16),
        IdentifierKind("sha1", "SHA-1 of a file", "FIPS 180-4", files.read_hash("sha1"), "0f" * 20),
        IdentifierKind("sha256", "SHA-256 of a file", "FIPS 180-4", files.read_hash("sha256"), "0f" * 32),
        IdentifierKind("iban", "Bank account", "ISO 13616", money.read_iban, "DE89 3704 0044 0532 0130 00"),
        IdentifierKind("passport", "Passport", "ICAO 9303", documents.document("passport"), "XR1234567", ("country",)),
        IdentifierKind(
            "national_id",
            "National identity number",
            "national",
            documents.read_national_id,
            "111222333",
            ("country",),
            {
                "unchecked_national_id": "The rule for numbers of this country is not known, so the number was stored unchanged.",
            },
        ),
        IdentifierKind(
            "btc_address",
            "Bitcoin address",
            "Base58Check, BIP-173, BIP-350",
            wallets.read_btc,
            "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
        ),
        IdentifierKind(
            "eth_address",
            "Ethereum address",
            "EIP-55",
            wallets.read_eth,
            "0x" + "ab" * 20,
            warnings={
                "eip55": "The capital letters do not match the checksum (EIP-55); check for a typing error.",
            },
        ),
        IdentifierKind(
            "onion",
            "Onion service",
            "Tor rend-spec-v3",
            networks.read_onion,
            "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion",
            warnings={
                "onion_v2": "Version 2 onion services ended in October 2021.",
            },
        ),
        IdentifierKind("imei", "Mobile device", "3GPP TS 23.003", devices.read_imei, "490154203237518"),
        IdentifierKind(
            "pgp_fingerprint",
            "PGP key",
            "RFC 9580",
            files.read_pgp,
            "0123456789ABCDEF" * 2 + "01234567",
            warnings={
                "key_id_only": "A key id can be forged; the full fingerprint is more reliable.",
            },
        ),
        IdentifierKind(
            "mac",
            "Hardware address",
            "IEEE EUI-48",
            networks.read_mac,
            "00:1b:63:84:45:e6",
            warnings={
                "locally_administered": "Phones generate such addresses at random and change them.",
            },
        ),
        IdentifierKind(
            "platform_user_id",
            "Account id on a platform",
            "as the platform gives it",
            accounts.read_platform_id,
            "4815162342",
            ("platform",),
        ),
        IdentifierKind("xmpp", "XMPP account", "RFC 7622", messengers.read_xmpp, "heron@jabber.example/phone"),
        IdentifierKind("matrix", "Matrix account", "Matrix specification 1", messengers.read_matrix, "@heron:matrix.example"),
        IdentifierKind("session", "Session account", "Session", messengers.read_session, "05" + "0f" * 32),
        IdentifierKind("tox", "Tox account", "Tox specification", messengers.read_tox, "0F" * 32),
        IdentifierKind("telegram", "Telegram account", "Telegram", accounts.read_telegram, "@night_heron"),
        IdentifierKind("signal", "Signal account", "ITU-T E.164, Signal", messengers.read_signal, "night_heron.42"),
        IdentifierKind("kik", "Kik account", "Kik", accounts.on("kik"), "night.heron"),
        IdentifierKind("threema", "Threema account", "Threema", messengers.read_threema, "HERON042"),
        IdentifierKind("cybertip", "CyberTipline report", "NCMEC CyberTipline", pictures.read_cybertip, "CyberTip 123456789"),
        IdentifierKind("icse_series", "Series of material", "Interpol ICSE", pictures.read_series, "Blue Heron 7"),
        IdentifierKind(
            "pdq", "PDQ picture hash", "PDQ (Meta 2019)", pictures.read_pdq, "d8f8f0cce0f4a84f" * 4, warnings=_PICTURE_WARNINGS
        ),
        IdentifierKind("photodna", "PhotoDNA picture hash", "PhotoDNA", pictures.read_photodna, "AAEC" * 48),
        IdentifierKind(
            "vin", "Vehicle identification number", "ISO 3779", devices.read_vin, "1M8GDM9AXKP042788", warnings=_VIN_WARNINGS
        ),
        IdentifierKind("imsi", "Mobile subscription", "ITU-T E.212", devices.read_imsi, "204046620123456"),
        IdentifierKind("iccid", "SIM card", "ITU-T E.118", devices.read_iccid, "8931440300000000000"),
        IdentifierKind("card", "Payment card, first six and last four digits", "ISO/IEC 7812", money.read_card, "411111******1111"),
        IdentifierKind(
            "device_id", "Device or advertising id", "RFC 9562", devices.read_device_id, "8c7f1ae2-0b5e-4d64-9d3a-5f2f0c3e7a11"
        ),
        IdentifierKind("user_agent", "User agent", "RFC 9110", devices.read_user_agent, "Heronfox/1.0 (reeds)"),
        IdentifierKind("tx_hash", "Transaction", "as the ledger writes it", wallets.read_tx_hash, "0x" + "0f" * 32),
        IdentifierKind("xmr_address", "Monero address", "Monero Base58", wallets.read_monero, _MONERO_EXAMPLE),
        IdentifierKind(
            "i2p", "I2P destination", "I2P naming", networks.read_i2p, "abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst.b32.i2p"
        ),
        IdentifierKind(
            "person",
            "Person",
            "ICAO 9303, EPRIS (Prüm II Art. 43)",
            persons.read_nothing,
            "",
            warnings={"name_alone": "One word without a date of birth is not enough to find matches; add what is known."},
        ),
        IdentifierKind("vehicle_plate", "Vehicle plate", "Vienna Convention 1968", documents.read_plate, "12-ABC-3", ("country",)),
        IdentifierKind("whatsapp", "WhatsApp account", "ITU-T E.164, WhatsApp", accounts.read_whatsapp, "31612345678@s.whatsapp.net"),
        IdentifierKind("group", "Group, channel or invitation", "as the platform gives it", accounts.read_group, "https://t.me/+AbCdEfGhIjK0aQ"),
        IdentifierKind("infohash", "Info hash of a torrent", "BEP 3, BEP 52", files.read_infohash, "0f" * 20),
        IdentifierKind("magnet", "Magnet or eD2k link", "BEP 9, magnet URI scheme", files.read_magnet, "magnet:?xt=urn:btih:0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"),
        IdentifierKind("ed2k", "eDonkey file hash", "eD2k hash (MD4 in blocks)", files.read_ed2k, "0f" * 16),
        IdentifierKind("tth", "Tiger tree hash", "THEX", files.read_tth, "abcdefghijklm" * 3),
        IdentifierKind("client_guid", "Id of a file-sharing program", "Gnutella 0.6, eMule", files.read_client_guid, "0f1e" * 8),
        IdentifierKind("sha512", "SHA-512 of a file", "FIPS 180-4", files.read_hash("sha512"), "0f" * 64),
        IdentifierKind("tmk", "TMK video hash", "TMK+PDQF (Meta 2019)", files.read_tmk, "0f" * 32),
        IdentifierKind("iscc", "Content code of a medium", "ISO 24138", files.read_iscc, "ISCC:KACYPXW445FTYNJ3CYSXHAFJMA2HUWULUNRFE3BLHRSCXYH2M5AEGQY"),
        IdentifierKind("tron_address", "Tron address", "Base58Check, TRON protocol", wallets.read_tron, "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8"),
        IdentifierKind("ltc_address", "Litecoin address", "Base58Check, BIP-173, BIP-350", wallets.read_ltc, "LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9"),
        IdentifierKind("bch_address", "Bitcoin Cash address", "CashAddr", wallets.read_bch, "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
        IdentifierKind("xrp_address", "XRP Ledger address", "XRP Ledger Base58, XLS-5d", wallets.read_xrp, "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59"),
        IdentifierKind("ton_address", "TON address", "TEP-2", wallets.read_ton, "EQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqB2N"),
        IdentifierKind("identity_card", "Identity card", "ICAO 9303", documents.document("identity_card"), "IA1234567", ("country",)),
        IdentifierKind("residence_permit", "Residence permit", "ICAO 9303, Regulation (EC) 1030/2002", documents.document("residence_permit"), "RP1234567", ("country",)),
        IdentifierKind("driving_licence", "Driving licence", "Directive 2006/126/EC", documents.document("driving_licence"), "DL1234567", ("country",)),
        IdentifierKind("travel_document", "Travel document other than a passport", "ICAO 9303, 1951 Convention Art. 28", documents.document("travel_document"), "TD1234567", ("country",)),
        IdentifierKind("bank_account", "Bank account other than an IBAN", "national", money.read_bank_account, "37040044 / 532013000", ("country",)),
        IdentifierKind("bic", "Bank (BIC)", "ISO 9362", money.read_bic, "DEUTDEFF"),
        IdentifierKind("payment_handle", "Name at a payment service", "as the service gives it", accounts.read_username, "https://paypal.me/nightheron", ("platform",)),
        IdentifierKind("serial_number", "Serial number of a device", "as the maker gives it", devices.read_serial, "F2LX0ABCD123"),
        IdentifierKind("meid", "Mobile device (MEID)", "3GPP2 S.R0048", devices.read_meid, "AF0123450ABCDE"),
        IdentifierKind("eid", "Embedded SIM (EID)", "GSMA SGP.29", devices.read_eid, "89049032123451234512345678901235"),
        IdentifierKind("snapchat", "Snapchat account", "Snapchat", accounts.on("snapchat"), "night-heron"),
        IdentifierKind("discord", "Discord account", "Discord", accounts.on("discord"), "night.heron"),
        IdentifierKind("viber", "Viber account", "ITU-T E.164, Viber", accounts.read_viber, "+31 6 12345678"),
        IdentifierKind("line", "LINE account", "LINE", accounts.on("line"), "nightheron"),
        IdentifierKind("simplex", "SimpleX contact", "SimpleX", messengers.read_simplex, "https://simplex.chat/contact#/?v=2-7&smp=smp%3A%2F%2FPQUV2eL0t7OStZOoAsPEV2QYWt4-xilbakvGUGOItUo%3D%40smp6.simplex.im%2FK1rslx-m5bpXVIdMZg9NLUZ_8JBm8xTt"),
        IdentifierKind("skype", "Skype account", "Skype", accounts.on("skype"), "live:night.heron"),
        IdentifierKind("file_name", "Name of a file", "as the file is named", files.read_file_name, "night heron in the reeds.mp4"),
        IdentifierKind("ssid", "Name of a wireless network", "IEEE 802.11", parcels.read_ssid, "Reed-Marsh-7"),
        IdentifierKind("public_key", "Public key", "RFC 4253, RFC 7468", files.read_public_key, "SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDkCAlqQhj5nIzc9Lk"),
        IdentifierKind("as_number", "Autonomous system", "RFC 6793", networks.read_as_number, "AS64496"),
        IdentifierKind("parcel_number", "Parcel or postal item", "UPU S10", parcels.read_parcel, "RB123456785NL"),
    )
}


def read(kind: str, value: str, context: Context) -> Reading:
    """Parse a value by the standard of its kind. Raises `ImpossibleValue` with the rule that it breaks, but never the value."""
    too_long = ImpossibleValue("too_long", f"The value is longer than {MAX_TEXT} characters.")
    if len(value) > MAX_TEXT or normal_length(value) > 2 * MAX_TEXT:
        raise too_long
    if any("\ud800" <= character <= "\udfff" for character in value):
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
    return replace(reading, keys=tuple({(key.family, key.text): key for key in reversed(reading.keys)}.values())[::-1])


def _read_several(kind: str, value: str, context: Context) -> Reading | None:
    """Parse a cell with two to four values; each is only possible evidence, because it is not known whose they are. None if it is no list."""
    text = "; ".join(" ".join(line.split()) for line in value.splitlines() if line.strip())
    parts = [part for part in _SEPARATOR.split(text) if part.strip()]
    if len(parts) < 2:  # noqa: PLR2004 (a list)
        return None
    try:
        readings = [_read_one(kind, part, context) for part in parts[: _MOST_VALUES + 1]]
    except ImpossibleValue:
        return None
    if len(parts) > _MOST_VALUES:
        raise ImpossibleValue("several_values", f"The value is a list of more than {_MOST_VALUES} values; send each on its own.")
    keys = {(key.family, key.text): key for reading in readings for key in reading.keys if key.strength > Strength.ASKS}
    weaker = tuple(replace(key, strength=min(key.strength, Strength.POSSIBLE)) for key in keys.values())
    warnings = tuple(dict.fromkeys(["several_values", *(w for reading in readings for w in reading.warnings)]))
    return Reading("; ".join(reading.normalised for reading in readings), weaker, warnings, "; ".join(r.keys[0].text for r in readings))


def warning_text(kind: str, code: str) -> str:
    """Return the explanation of a warning about a value of this kind."""
    return (KINDS[kind].warnings | COMMON_WARNINGS).get(code, code)
