"""The kinds of identifiers, each with its standard, its parser, the context that it needs, and possible warnings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from coopapi.identifiers.formats import accounts, devices, documents, messengers, networks, persons, pictures
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
_EMPTY_FILE: Final = {"empty_file": "This is the hash of an empty file."}
_PICTURE_WARNINGS: Final = {
    "flat_picture": "All pictures without contrast have similar hashes.",
    "low_quality": "According to PDQ, hashes with a quality below 50 are not suitable for comparison.",
}
_VIN_WARNINGS: Final = {"vin_check_digit": "The check digit that North American numbers have is wrong (49 CFR 565)."}
_MONERO_EXAMPLE: Final = "41fKjWJQySv2LxFSMtsQ5k3gsHPkECmXt52nKM8ZY8z26NhMJWtsWSA7icPFuECstJ94XRDHZYFLSAQSTAftscna8JuzEJT"

KINDS: Final[Mapping[str, IdentifierKind]] = {
    kind.name: kind
    for kind in (
        IdentifierKind(
            "phone",
            "Telephone number",
            "ITU-T E.164",
            accounts.read_phone,
            "+31 6 12345678",
            warnings={
                "unassigned_number": "This number range is not assigned to a known operator (E.164).",
            },
        ),
        IdentifierKind("email", "E-mail address", "RFC 5321, RFC 6531", networks.read_email, "heron@example.org"),
        IdentifierKind(
            "username", "Username on a platform", "UTS #39", accounts.read_username, "night.heron@chat.example", ("platform",)
        ),
        IdentifierKind("url", "URL", "RFC 3986", networks.read_url, "https://board.example/thread/7"),
        IdentifierKind("domain", "Domain name", "RFC 1035, RFC 5890", networks.read_domain, "board.example"),
        IdentifierKind(
            "ip", "IP address", "RFC 791, RFC 4291, RFC 5952", networks.read_ip, "198.51.100.7", warnings=_ADDRESS_WARNINGS
        ),
        IdentifierKind("md5", "MD5 of a file", "RFC 1321", documents.read_hash("md5"), "0f" * 16, warnings=_EMPTY_FILE),
        IdentifierKind("sha1", "SHA-1 of a file", "FIPS 180-4", documents.read_hash("sha1"), "0f" * 20, warnings=_EMPTY_FILE),
        IdentifierKind("sha256", "SHA-256 of a file", "FIPS 180-4", documents.read_hash("sha256"), "0f" * 32, warnings=_EMPTY_FILE),
        IdentifierKind("iban", "Bank account", "ISO 13616", accounts.read_iban, "DE89 3704 0044 0532 0130 00"),
        IdentifierKind("passport", "Passport", "ICAO 9303", documents.read_passport, "XR1234567", ("country",)),
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
            accounts.read_btc,
            "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
        ),
        IdentifierKind(
            "eth_address",
            "Ethereum address",
            "EIP-55",
            accounts.read_eth,
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
        IdentifierKind("imei", "Mobile device", "3GPP TS 23.003", documents.read_imei, "490154203237518"),
        IdentifierKind(
            "pgp_fingerprint",
            "PGP key",
            "RFC 4880, RFC 9580",
            documents.read_pgp,
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
            messengers.read_platform_id,
            "4815162342",
            ("platform",),
        ),
        IdentifierKind("xmpp", "XMPP account", "RFC 7622", messengers.read_xmpp, "heron@jabber.example/phone"),
        IdentifierKind("matrix", "Matrix account", "Matrix specification 1", messengers.read_matrix, "@heron:matrix.example"),
        IdentifierKind("session", "Session account", "Session", messengers.read_session, "05" + "0f" * 32),
        IdentifierKind("tox", "Tox account", "Tox specification", messengers.read_tox, "0F" * 32),
        IdentifierKind("telegram", "Telegram account", "Telegram", messengers.read_telegram, "@night_heron"),
        IdentifierKind("signal", "Signal account", "ITU-T E.164, Signal", messengers.read_signal, "night_heron.42"),
        IdentifierKind("kik", "Kik account", "Kik", messengers.read_kik, "night.heron"),
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
        IdentifierKind("card", "Payment card, first six and last four", "ISO/IEC 7812", devices.read_card, "411111******1111"),
        IdentifierKind(
            "device_id", "Device or advertising id", "RFC 9562", devices.read_device_id, "8c7f1ae2-0b5e-4d64-9d3a-5f2f0c3e7a11"
        ),
        IdentifierKind("user_agent", "User agent", "RFC 9110", devices.read_user_agent, "Heronfox/1.0 (reeds)"),
        IdentifierKind("tx_hash", "Transaction", "as the ledger writes it", devices.read_tx_hash, "0x" + "0f" * 32),
        IdentifierKind("xmr_address", "Monero address", "Monero Base58", devices.read_monero, _MONERO_EXAMPLE),
        IdentifierKind(
            "i2p", "I2P destination", "I2P naming", devices.read_i2p, "abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst.b32.i2p"
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
    reading = KINDS[kind].read(value, context)
    if len(reading.normalised) > 2 * MAX_TEXT:
        raise too_long
    return reading
