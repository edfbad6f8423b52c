"""Parsers for addresses on ledgers and for transactions: Bitcoin and its relatives, Ethereum, Monero, Tron, XRP and TON."""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from Crypto.Hash import keccak

from coopapi.identifiers.formats.reading import Context, ImpossibleValue, MatchKey, Reading, Strength, exact
from coopapi.unicode_text import clean, fold

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RIPPLE: Final = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATORS: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CASH_GENERATORS: Final = (0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470)
_BECH32M: Final = 0x2BC830A3
_HASH: Final = 20
_MONERO_BLOCKS: Final = {11: 8, 7: 5, 2: 1, 3: 2, 5: 3, 6: 4, 9: 6, 10: 7}
_X_ADDRESS: Final = b"\x05\x44"


@dataclass(frozen=True, slots=True)
class Coin:
    """The address formats of a ledger of the Bitcoin family: version bytes of hashes of keys and of scripts, prefix of bech32."""

    family: str
    key_versions: bytes
    other_versions: bytes = b""
    prefix: str = ""

    def read(self, value: str, context: Context) -> Reading:
        """Parse an address: Base58Check, bech32 (BIP-173) or bech32m (BIP-350)."""
        del context
        text = clean(value).replace(" ", "").partition("?")[0]
        if self.prefix and text.lower().startswith(f"{self.prefix}1"):
            return self._segwit(text)
        raw = decode_base58(text, 40)
        if not checked(raw) or len(raw) != _HASH + 5 or raw[0] not in self.key_versions + self.other_versions:
            raise ImpossibleValue("base58check", "The length, version or checksum is wrong (Base58Check).")
        return exact(self.family, text, _of_hash(raw[1:-4], script=raw[0] not in self.key_versions))

    def _segwit(self, text: str) -> Reading:
        """Parse a segregated-witness address. Its normal form is in lower case."""
        wrong = ImpossibleValue("bech32", "The letters, length or checksum are wrong (BIP-173, BIP-350).")
        if text not in (text.lower(), text.upper()) or len(text) > 90:  # noqa: PLR2004 (BIP-173)
            raise wrong
        text = text.lower()
        data = [_BECH32.find(c) for c in text[len(self.prefix) + 1 :]]
        if min(data, default=-1) < 0 or len(data) < 8:  # noqa: PLR2004 (version, program, checksum)
            raise wrong
        spread = [*(ord(c) >> 5 for c in self.prefix), 0, *(ord(c) & 31 for c in self.prefix)]
        version, total = data[0], _polymod([*spread, *data], _GENERATORS, 30)
        program = _bytes(data[1:-6])
        lengths = (20, 32) if version == 0 else range(2, 41)
        if version > 16 or total != (1 if version == 0 else _BECH32M) or program is None or len(program) not in lengths:  # noqa: PLR2004 (BIP-141)
            raise wrong
        return exact(self.family, text, *([_of_hash(program)] if version == 0 and len(program) == _HASH else []))


BITCOIN: Final = Coin("btc", b"\x00", b"\x05", "bc")
LITECOIN: Final = Coin("ltc", b"\x30", b"\x32\x05", "ltc")
_LEGACY_CASH: Final = Coin("bch", b"\x00", b"\x05")


def _of_hash(hash160: bytes, *, script: bool = False) -> MatchKey:
    """Return the key by which addresses of one public key or script meet, such as P2PKH and P2WPKH (BIP-141)."""
    return MatchKey("hash160", f"{'script' if script else 'key'}|{hash160.hex()}", Strength.POSSIBLE)


def decode_base58(text: str, most: int, alphabet: str = _BASE58) -> bytes:
    """Decode Base58. Raises `ImpossibleValue` for other characters and for texts of more than `most`."""
    if len(text) > most or not set(text) <= set(alphabet):
        raise ImpossibleValue("base58", "The value is too long or contains a character that is not in Base58.")
    number = 0
    for character in text:
        number = number * 58 + alphabet.index(character)
    zeros = len(text) - len(text.lstrip(alphabet[0]))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def checked(raw: bytes) -> bool:
    """Tell whether the last four bytes are the checksum of the others (Base58Check)."""
    return raw[-4:] == hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()[:4]


def _polymod(values: list[int], generators: tuple[int, ...], bits: int) -> int:
    checksum = 1
    for value in values:
        top = checksum >> bits - 5
        checksum = (checksum & (1 << bits - 5) - 1) << 5 ^ value
        for i, generator in enumerate(generators):
            checksum ^= generator if top >> i & 1 else 0
    return checksum


def _bytes(values: list[int]) -> bytes | None:
    """Return the bytes in groups of five bits, or None if the remaining bits are not zero padding."""
    bits = "".join(f"{v:05b}" for v in values)
    whole = len(bits) // 8 * 8
    if len(bits) - whole > 4 or "1" in bits[whole:]:  # noqa: PLR2004 (BIP-173)
        return None
    return bytes(int(bits[i : i + 8], 2) for i in range(0, whole, 8))


def read_bch(value: str, context: Context) -> Reading:
    """Parse a Bitcoin Cash address (CashAddr), or one in the older form of Bitcoin, which is written as CashAddr."""
    text = clean(value).replace(" ", "").partition("?")[0]
    if text[:1] in {"1", "3"}:
        reading = _LEGACY_CASH.read(text, context)
        raw = decode_base58(text, 40)[1:-4]
        return exact("bch", _cash_address(0 if text[0] == "1" else 8, raw), *reading.keys[1:])
    text = text.lower() if text in (text.lower(), text.upper()) else text
    body = text.removeprefix("bitcoincash:")
    data = [_BECH32.find(c) for c in body]
    raw = _bytes(data[:-8]) or b"" if min(data, default=-1) >= 0 else b""
    if len(raw) != _HASH + 1 or raw[0] not in {0, 8} or _cash_address(raw[0], raw[1:]) != f"bitcoincash:{body}":
        raise ImpossibleValue("cashaddr", "The letters, length or checksum are wrong (CashAddr).")
    return exact("bch", f"bitcoincash:{body}", _of_hash(raw[1:], script=raw[0] != 0))


def _cash_address(version: int, payload: bytes) -> str:
    bits = "".join(f"{byte:08b}" for byte in bytes([version]) + payload)
    bits += "0" * (-len(bits) % 5)
    data = [int(bits[i : i + 5], 2) for i in range(0, len(bits), 5)]
    total = _polymod([*(ord(c) & 31 for c in "bitcoincash"), 0, *data, *[0] * 8], _CASH_GENERATORS, 40) ^ 1
    return "bitcoincash:" + "".join(_BECH32[v] for v in [*data, *(total >> 5 * (7 - i) & 31 for i in range(8))])


def read_eth(value: str, context: Context) -> Reading:
    """Parse an Ethereum address. Mixed case that does not match EIP-55 causes a warning but is not refused."""
    del context
    text = clean(value).replace(" ", "").partition("@")[0].partition("?")[0]
    digits = text[2:] if text[:2].lower() == "0x" else text
    if not re.fullmatch("[0-9a-fA-F]{40}", digits, re.ASCII):
        raise ImpossibleValue("eth_address", "The value must be 0x and 40 hexadecimal digits.")
    mixed = digits not in (digits.lower(), digits.upper())
    warnings = ("eip55",) if mixed and digits != _eip55(digits.lower()) else ()
    return exact("eth", f"0x{digits.lower()}", warnings=warnings)


def _eip55(digits: str) -> str:
    pattern = _keccak(digits.encode()).hex()
    return "".join(c.upper() if int(p, 16) > 7 else c for c, p in zip(digits, pattern, strict=False))  # noqa: PLR2004 (EIP-55)


def _keccak(data: bytes) -> bytes:
    return keccak.new(digest_bits=256, data=data).digest()


def read_tron(value: str, context: Context) -> Reading:
    """Parse a Tron address: Base58Check of 0x41 and 20 bytes, or hexadecimal. The bytes are those of an Ethereum address."""
    del context
    text = clean(value).replace(" ", "")
    digits = text.lower().removeprefix("0x")
    if re.fullmatch("41[0-9a-f]{40}", digits, re.ASCII):
        raw = bytes.fromhex(digits)
        number = int.from_bytes(raw + hashlib.sha256(hashlib.sha256(raw).digest()).digest()[:4], "big")
        text = ""
        while number:
            number, rest = divmod(number, 58)
            text = _BASE58[rest] + text
    raw = decode_base58(text, 40)
    if not checked(raw) or len(raw) != _HASH + 5 or raw[0] != 0x41:  # noqa: PLR2004 (the version byte)
        raise ImpossibleValue("base58check", "The length, version or checksum is wrong (Base58Check).")
    return exact("tron", text, MatchKey("eth", f"0x{raw[1:-4].hex()}", Strength.POSSIBLE))


def read_xrp(value: str, context: Context) -> Reading:
    """Parse an XRP Ledger address. An X-address (XLS-5d) is reduced to the classic address in it; its tag is left out."""
    del context
    text = clean(value).replace(" ", "").partition("?")[0]
    raw = decode_base58(text, 60, _RIPPLE)
    account = raw[2:22] if raw[:2] == _X_ADDRESS and len(raw) == 35 else raw[1:-4] if raw[:1] == b"\0" else b""  # noqa: PLR2004 (prefix, account, flag, tag, checksum)
    if not checked(raw) or len(account) != _HASH:
        raise ImpossibleValue("base58check", "The length, version or checksum is wrong (XRP Ledger Base58).")
    return Reading(text, (MatchKey("xrp", account.hex()),))


def read_ton(value: str, context: Context) -> Reading:
    """Parse a TON address (TEP-2): 48 characters of Base64 with a checksum, or raw as workchain:hash. Flags are left out."""
    del context
    text = clean(value).replace(" ", "").partition("?")[0]
    found = re.fullmatch("(-1|0):([0-9a-fA-F]{64})", text, re.ASCII)
    if found:
        return exact("ton", f"{found[1]}:{found[2].lower()}")
    try:
        raw = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True) if len(text) == 48 else b""  # noqa: PLR2004 (TEP-2)
    except (binascii.Error, ValueError):
        raw = b""
    if not raw or binascii.crc_hqx(raw[:34], 0) != int.from_bytes(raw[34:], "big") or raw[1] not in {0, 255}:
        raise ImpossibleValue("ton", "The length or the checksum is wrong (TEP-2).")
    return exact("ton", f"{'-1' if raw[1] else '0'}:{raw[2:34].hex()}")


def read_monero(value: str, context: Context) -> Reading:
    """Parse a Monero address (Base58 in blocks, Keccak checksum). An integrated address is reduced to the address in it."""
    del context
    text = clean(value).replace(" ", "").partition("?")[0]
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
            number = number * 58 + _BASE58.find(character)
        if not size or not set(block) <= set(_BASE58) or number >= 256**size:
            return b""
        out += number.to_bytes(size, "big")
    return out


def read_tx_hash(value: str, context: Context) -> Reading:
    """Parse the hash of a transaction on a public ledger."""
    del context
    text = fold(value).replace(" ", "").removeprefix("0x")
    if not re.fullmatch("[0-9a-f]{64}", text, re.ASCII):
        raise ImpossibleValue("tx_hash", "The value must have 64 hexadecimal digits.")
    return exact("tx_hash", text)


read_btc: Final[Callable[[str, Context], Reading]] = BITCOIN.read
read_ltc: Final[Callable[[str, Context], Reading]] = LITECOIN.read
