"""Parsers for files and their hashes, for what file-sharing networks call them, and for public keys."""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import parse_qsl, unquote

from coopapi.identifiers.formats.pictures import bytes_of
from coopapi.identifiers.formats.reading import Context, ImpossibleValue, MatchKey, Reading, Strength, exact
from coopapi.unicode_text import clean, fold, literal, literal_lower

_TIGER: Final = "[a-z2-7]{39}"
_TOPICS: Final = {
    "btih": ("infohash", 20), "btmh": ("infohash", 32), "sha1": ("sha1", 20), "md5": ("md5", 16), "sha256": ("sha256", 32),
    "ed2k": ("ed2k", 16), "ed2khash": ("ed2k", 16), "tree:tiger": ("tth", 24), "tree:tiger/": ("tth", 24),
}  # fmt: skip
"""Exact topics of magnet links: the family of their key and the number of bytes. A bitprint is a SHA-1 and a Tiger tree hash."""
_ED2K: Final = re.compile(r"ed2k://\|file\|([^|]+)\|(\d{1,20})\|([0-9a-f]{32})\|", re.IGNORECASE)
_MULTIHASH: Final = b"\x12\x20"
_PEM: Final = re.compile(r"-----BEGIN (?:RSA )?PUBLIC KEY-----([A-Za-z0-9+/= ]+)-----END (?:RSA )?PUBLIC KEY-----")
_SSH: Final = re.compile(r"(?:^|\s)(AAAA[A-Za-z0-9+/]{40,}={0,2})(?:\s|$)")
_SSH_DIGEST: Final = re.compile(r"(?:^|\s)SHA256:([A-Za-z0-9+/]{43})=?(?:\s|$)")
_WIREGUARD: Final = re.compile(r"[A-Za-z0-9+/]{43}=")
_MOST_NAME: Final = 255


def read_hash(name: str) -> Callable[[str, Context], Reading]:
    """Return the parser for a kind of file hash (RFC 1321, FIPS 180-4): in hexadecimal digits, Base64 or Base32."""
    size = hashlib.new(name, usedforsecurity=False).digest_size

    def read(value: str, context: Context) -> Reading:
        del context
        raw = _digest(value, size)
        if not raw:
            raise ImpossibleValue(name, f"The value must have {2 * size} hexadecimal digits.")
        return exact(name, raw.hex())

    return read


def _digest(value: str, size: int) -> bytes:
    """Return a digest of this size, or no bytes. Base64 counts upper and lower case, hexadecimal digits and Base32 do not."""
    text = clean(value).partition(".")[0]
    digits = re.sub(r"[\s:-]", "", text).lower().removeprefix("0x")
    if len(digits) == 2 * size and re.fullmatch("[0-9a-f]+", digits, re.ASCII):
        return bytes.fromhex(digits)
    plain = text.replace(" ", "")
    if len(plain.rstrip("=")) == -(-size * 8 // 5) and re.fullmatch("[A-Z2-7]+=*|[a-z2-7]+=*", plain, re.ASCII):
        raw = base64.b32decode(plain.rstrip("=").upper() + "=" * (-len(plain.rstrip("=")) % 8))
    else:
        plain = re.sub("^sha(?:256|512)-", "", plain)  # Subresource Integrity
        raw = bytes_of(plain + "=" * (-len(plain) % 4), size)
    return raw if len(raw) == size else b""


def read_infohash(value: str, context: Context) -> Reading:
    """Parse the info hash of a torrent (BEP 3, BEP 52), or a magnet link to it."""
    if fold(value).startswith("magnet:"):
        reading = read_magnet(value, context)
        keys = tuple(key for key in reading.keys if key.family == "infohash")
        if keys:
            return Reading(keys[0].text, keys)
    raw = _infohash(value)
    if not raw:
        raise ImpossibleValue(
            "infohash", "The value must have 40 or 64 hexadecimal digits, or 32 characters of Base32 (BEP 3, BEP 52)."
        )
    return exact("infohash", raw.hex())


def _infohash(value: str) -> bytes:
    multihash = _digest(value, 34)
    return multihash[2:] if multihash.startswith(_MULTIHASH) else _digest(value, 20) or _digest(value, 32)


def read_magnet(value: str, context: Context) -> Reading:
    """Parse a magnet or eD2k link. Each of the hashes that it names is a match key, so it meets a file by any of them (BEP 9)."""
    text = clean(value)
    if text.lower().startswith("ed2k:"):
        return read_ed2k(value, context)
    keys = tuple(dict.fromkeys(_topics(text))) if text.lower().startswith("magnet:?") else ()
    if not keys:
        raise ImpossibleValue("magnet", "The value must be a magnet link with a known exact topic (xt=urn:btih:..., urn:sha1:...).")
    return Reading(text, keys)


def _topics(text: str) -> Iterator[MatchKey]:
    for name, topic in parse_qsl(text.partition("?")[2]):
        urn, _, digest = topic.removeprefix("urn:").rpartition(":")
        if not re.fullmatch(r"xt(?:\.\d{1,2})?", name) or not topic.lower().startswith("urn:"):
            continue
        if urn == "bitprint":
            urn, digest = "sha1", digest.partition(".")[0]
        family, size = _TOPICS.get(urn.lower(), ("", 0))
        raw = _infohash(digest) if family == "infohash" else _digest(digest, size) if family else b""
        if raw:
            yield MatchKey(family, base64.b32encode(raw).decode().rstrip("=").lower() if family == "tth" else raw.hex())


def read_ed2k(value: str, context: Context) -> Reading:
    """Parse the hash of a file in the eDonkey network (MD4 in blocks), or an ed2k link to it."""
    del context
    link = _ED2K.search(unquote(clean(value)))
    raw = bytes.fromhex(link[3]) if link else _digest(value, 16)
    if not raw:
        raise ImpossibleValue("ed2k", "The value must be an ed2k link to a file, or 32 hexadecimal digits.")
    return exact("ed2k", raw.hex())


def read_tth(value: str, context: Context) -> Reading:
    """Parse a Tiger tree hash (THEX): 39 characters of Base32."""
    del context
    text = fold(value).replace(" ", "").rstrip("=")
    if not re.fullmatch(_TIGER, text, re.ASCII):
        raise ImpossibleValue("tth", "The value must have 39 characters of Base32 (THEX).")
    return exact("tth", text)


def read_client_guid(value: str, context: Context) -> Reading:
    """Parse the id of a file-sharing program, such as a Gnutella GUID or an eMule user hash: 16 bytes."""
    del context
    text = re.sub(r"[\s{}:-]", "", fold(value))
    if not re.fullmatch("[0-9a-f]{32}", text, re.ASCII) or len(set(text)) == 1:
        raise ImpossibleValue("client_guid", "The value must have 32 hexadecimal digits that are not all the same.")
    return exact("client_guid", text)


def read_tmk(value: str, context: Context) -> Reading:
    """Parse a TMK video hash (Meta 2019): its average vector of 1024 bytes, or the SHA-256 of the .tmk file."""
    del context
    raw = bytes_of(clean(value), 1024)
    digest = raw if len(raw) == 1024 else _digest(value, 32)  # noqa: PLR2004 (256 floats)
    if not digest:
        raise ImpossibleValue("tmk", "The value must be the 1024 bytes of the average vector in Base64, or 64 hexadecimal digits.")
    text = base64.b64encode(digest).decode()
    return Reading(text, (MatchKey("tmk", text, Strength.POSSIBLE),))


def read_iscc(value: str, context: Context) -> Reading:
    """Parse a content code (ISO 24138): ISCC: and Base32. Compared for equality."""
    del context
    text = clean(value).replace("-", "").replace(" ", "").upper().removeprefix("ISCC:")
    try:
        raw = base64.b32decode(text + "=" * (-len(text) % 8)) if 16 <= len(text) <= 73 else b""  # noqa: PLR2004 (ISO 24138)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) < 10 or raw[0] >> 4 > 7:  # noqa: PLR2004 (header and 64 bits; main types)
        raise ImpossibleValue("iscc", "The value must be ISCC: and 16 to 73 characters of Base32 (ISO 24138).")
    return Reading(f"ISCC:{text}", (MatchKey("iscc", text, Strength.POSSIBLE),))


def read_file_name(value: str, context: Context) -> Reading:
    """Parse the name of a file and leave out its folders. Many files share a name, so it is weak evidence unless it is long."""
    del context
    text = re.split(r"[/\\]", literal(value))[-1].strip()
    if not text or len(text) > _MOST_NAME or text in {".", ".."}:
        raise ImpossibleValue("file_name", "The value must be the name of a file with 1 to 255 characters.")
    return Reading(text, (MatchKey("file_name", literal_lower(text), Strength.POSSIBLE),))


def read_public_key(value: str, context: Context) -> Reading:
    """Parse a public key: of SSH (RFC 4253) or its SHA-256, in PEM (RFC 7468), or of WireGuard. The key is its SHA-256."""
    del context
    text = clean(value)
    printed, line, pem = _SSH_DIGEST.search(text), _SSH.search(text), _PEM.search(text)
    if printed:
        return exact("public_key", f"SHA256:{printed[1]}")
    body = line[1] if line else pem[1].replace(" ", "") if pem else text if _WIREGUARD.fullmatch(text) else ""
    try:
        raw = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not raw:
        raise ImpossibleValue(
            "public_key", "The value must be a public key of SSH, in PEM or of WireGuard, or SHA256: and its digest."
        )
    return exact("public_key", "SHA256:" + base64.b64encode(hashlib.sha256(raw).digest()).decode().rstrip("="))


def read_pgp(value: str, context: Context) -> Reading:
    """Parse a PGP key fingerprint (RFC 4880, 9580). A long key id is possible evidence, a short one is not."""
    del context
    text = re.sub(r"[\s:-]", "", fold(value).upper()).removeprefix("0X")
    if not re.fullmatch("[0-9A-F]+", text, re.ASCII) or len(text) not in {16, 40, 64}:
        raise ImpossibleValue(
            "pgp_fingerprint", "The value must have 40 or 64 hexadecimal digits, or 16 for a key id (RFC 4880, RFC 9580)."
        )
    if len(text) == 16:  # noqa: PLR2004 (a long key id)
        return Reading(text, (MatchKey("pgp_key_id", text, Strength.POSSIBLE),), ("key_id_only",))
    key_id = text[-16:] if len(text) == 40 else text[:16]  # noqa: PLR2004 (version 4 ends with it, version 6 begins)
    return exact("pgp", text, MatchKey("pgp_key_id", key_id, Strength.POSSIBLE))
