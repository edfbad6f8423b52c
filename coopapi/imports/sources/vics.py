"""Hash lists in the VICS data model of Project VIC (JSON as OData), versions 1.3 and 2.0 as their readers know them (verify)."""

import json
import re
from collections.abc import Collection, Iterator
from typing import Any, Final, TextIO

from coopapi.imports.sources.common import Converted, FileContent, Line, refuse_content, text

_READ: Final = 1 << 16
_LONGEST: Final = 1 << 20
_HASHES: Final = {"MD5": "md5", "SHA1": "sha1"}
_MEDIA: Final = re.compile(r'"Media"\s*:\s*\[')
_VALUE: Final = re.compile(r'"value"\s*:\s*\[')
_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
"""What `MediaID` is. Some tools write a digest, the name of a file or a path there, which may not become a key."""
_KNOWN: Final = frozenset({"MediaID", "Category", *_HASHES})


class BrokenList(Exception):
    """The file is not a hash list that can be read."""


def convert(file: TextIO, case: str, name: str, categories: Collection[str], done: Converted) -> Iterator[Line]:
    """Yield the lines of a hash list for a case that the register has: the digests of the media of these categories.

    The keys are made of the `name` of the list and of `MediaID`, because keys are stored in clear and digests are not. The meaning
    of a category depends on the scheme of the country. Media with the content of a file, or without a number as `MediaID`, are
    refused. The list is read a little at a time. Raises `BrokenList`.
    """
    for number, media in enumerate(_media(file), 1):
        try:
            refuse_content({name: value for name, value in media.items() if name != "PhotoDNA"})
        except FileContent as found:
            done.refuse(number, f"content of a file at {found.pointer}")
            continue
        category = text(media, "Category")
        if category not in categories:
            done.left_out[f"category {category}"] += 1
            continue
        number_in_list = text(media, "MediaID")
        if number_in_list is None:
            done.refuse(number, "the media have no MediaID")
            continue
        if not _NUMBER.fullmatch(number_in_list):
            done.refuse(number, "the MediaID is not a number of 1 to 18 digits")
            continue
        done.records += 1
        source = f"Project VIC, media {number_in_list}, category {category}"
        for digest, kind in _HASHES.items():
            if value := text(media, digest):
                key = f"{name}-{number_in_list}-{digest}"
                about = {"type": "identifier", "case": case, "external_id": key, "kind": kind, "value": value}
                yield {**about, "source": source}
        done.left_out.update(name for name in media.keys() - _KNOWN if media[name] not in (None, "", []))


def _media(file: TextIO) -> Iterator[dict[str, Any]]:
    """Yield the media of a list: the entries of its array `Media` (1.3, below a case) or `value` (2.0)."""
    kept = file.read(_LONGEST)
    begun = _MEDIA.search(kept) or _VALUE.search(kept)
    if begun is None:
        raise BrokenList("the file has no list of media")
    kept, decoder = kept[begun.end() :], json.JSONDecoder()
    while True:
        kept = kept.lstrip(" \t\r\n,")
        if kept.startswith("]"):
            return
        try:
            one, end = decoder.raw_decode(kept)
        except (ValueError, RecursionError):
            piece = file.read(_READ)
            if not piece or len(kept) > _LONGEST:
                raise BrokenList("the file ends too early, or is not JSON") from None
            kept += piece
            continue
        kept = kept[end:]
        if isinstance(one, dict):
            yield one
