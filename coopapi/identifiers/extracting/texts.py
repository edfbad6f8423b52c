"""Finds values that may be identifiers in a text. Shapes and words propose, and the readers of the kinds decide.

Names of persons are not looked for. Nothing is looked up, so what is found depends on the text and the caller's country alone.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from phonenumbers import Leniency, PhoneNumberMatcher

from coopapi.identifiers.extracting import shapes
from coopapi.identifiers.extracting.finder import Finder, Proposal, found_as
from coopapi.identifiers.extracting.labels import KindLabel, labels_in, platforms_in
from coopapi.identifiers.formats.cleaning import NAMES, VERBATIM, clean_up
from coopapi.identifiers.formats.links import PlatformLink, find_link
from coopapi.identifiers.kinds import KINDS, Context

_CHUNK: Final = 4_000
_BESIDE: Final = 24
_ENDS: Final = ".,;:!?'\u2019\"*"
_PLAIN: Final = {ord(c): " " for c in "\u00a0\u2007\u2009\u202f\u3000"} | {n: n - 0xFEE0 for n in range(0xFF01, 0xFF5F)}
_WORD: Final = re.compile(r"[^\s,;|\"<>]{1,200}")
_MORE: Final = re.compile(r" (?=(?:/ )?[^ \n]{0,12}[0-9])(?:/ )?[0-9A-Z/.-]{1,12}(?![^\s,;:|!?)])")
_NUMERIC: Final = re.compile("[+(]{0,2}[0-9]|[A-Z0-9][A-Z0-9./-]{5,40}(?![a-z])")
"""What a value begins with, or is, that stands behind a label without a sign between."""
_LINE: Final = re.compile(r"[^\n|]{1,200}")
_GROUPS: Final = 8
_TELLING: Final = 16
"""The length from which a value behind a label needs no digit to be taken for one."""
_CERTAIN: Final = frozenset(kind for shape in shapes.SHAPES if shape.certain for kind in shape.kinds) | {"url", "phone"}
_SHAPED: Final = _CERTAIN | {kind for shape in shapes.SHAPES for kind in shape.kinds} | {"domain", "group", "magnet"}
_WITHOUT_DIGITS: Final = NAMES | _SHAPED | {"bic"}
_SCHEMES: Final[Mapping[str, tuple[str, ...]]] = {
    "tel": ("phone",), "mailto": ("email",), "xmpp": ("xmpp",), "bitcoin": ("btc_address",), "ethereum": ("eth_address",),
    "eip155": ("eth_address",), "monero": ("xmr_address",), "litecoin": ("ltc_address",), "tron": ("tron_address",),
    "openpgp4fpr": ("pgp_fingerprint",), "magnet": ("magnet",), "ed2k": ("ed2k",),
    "urn": ("imei", "meid", "sha1", "md5", "infohash", "ed2k", "tth", "device_id"),
}  # fmt: skip


def find_in_text(finder: Finder, text: str, row: int | None = None, column: int | None = None) -> None:
    """Find the values in a text. Places are counted in characters (code points) of the text."""
    plain = text if text.isascii() else text.translate(_PLAIN)
    begin = 0
    while begin < len(plain) and not finder.full:
        end = _end_of_chunk(plain, begin)
        chunk = _Chunk(finder, plain[begin:end], text[begin:end])
        finder.add([replace(f, start=f.start + begin, end=f.end + begin, row=row, column=column) for f in chunk.find()])
        begin = end


def _end_of_chunk(text: str, begin: int) -> int:
    """Return where a chunk ends: behind a line or a word, so that no value is cut unless it is very long."""
    end = begin + _CHUNK
    if end >= len(text):
        return len(text)
    return next((at + 1 for mark in "\n " if (at := text.rfind(mark, begin + _CHUNK // 2, end)) > 0), end)


class _Chunk:
    """A part of the text. What one search has taken is not looked at by the next."""

    def __init__(self, finder: Finder, text: str, original: str) -> None:
        self.finder, self.text, self.original = finder, text, original
        self.taken = bytearray(len(text))
        self.found: list[Proposal] = []

    def find(self) -> list[Proposal]:
        """Return what is found, in no order."""
        named = "@" in self.text
        dotted = "." in self.text or "dot" in self.text
        searches = (
            (self._links, ":" in self.text or "/" in self.text),
            (self._jids, named),
            (self._labelled, True),
            (self._shapes, True),
            (self._phones, True),
            (self._names, named or "u/" in self.text),
            (self._domains, dotted),
        )
        for search, pays in searches:
            if pays:
                search()
        return self.found

    def _free(self, start: int, end: int) -> bool:
        return self.taken.find(1, start, end) < 0 and not self.finder.full

    def _propose(self, start: int, end: int, kinds: Sequence[str], context: Context = Context(), *doubt: str) -> bool:  # noqa: B008 (it is frozen)
        """Propose the first kind that can be read from this place. Returns whether there is one."""
        made = self.finder.attempt(kinds, self.original[start:end], context)
        if made:
            self.found.append(found_as(*made[0], self.original, (start, end), doubt))
            self.taken[start:end] = b"\1" * (end - start)
        return bool(made)

    def _links(self) -> None:
        for match in shapes.LINK.finditer(self.text):
            start, end = match.start(), match.start() + len(_untied(match[0]))
            if end <= start or not self._free(start, end):
                continue
            value = self.text[start:end]
            scheme = value.partition(":")[0].lower()
            if "://" not in value and ":" in value and scheme not in _SCHEMES and not find_link(value):
                continue
            link = find_link(clean_up("url", value))
            if "://" not in value and scheme not in _SCHEMES and link is None and not _known_ending(value.partition("/")[0]):
                continue
            self._propose(start, end, (*_SCHEMES.get(scheme, ()), *_kinds_of(link), "url")[:9])

    def _jids(self) -> None:
        for match in shapes.JID.finditer(self.text):
            server = match[0].rpartition("@")[2]
            kind = "kik" if server == "talk.kik.com" else "group" if server in {"g.us", "newsletter"} else "whatsapp"
            if self._free(*match.span()):
                self._propose(*match.span(), (kind,))

    def _labelled(self) -> None:
        for label in labels_in(self.text):
            if self.finder.full:
                return
            if label.marked or self.text.startswith("@", label.end):
                self._value_of(label)
            elif _NUMERIC.match(self.text, label.end):
                self._value_of(replace(label, kinds=tuple(kind for kind in label.kinds if kind not in NAMES)))

    def _value_of(self, label: KindLabel) -> None:
        """Propose the value behind a label. Words with digits that follow are tried as part of it, the longest value first."""
        verbatim = tuple(kind for kind in label.kinds if kind in VERBATIM)
        if verbatim and label.marked and (line := _LINE.match(self.text, label.end)) and self._free(*line.span()):
            self._propose(line.start(), line.start() + len(line[0].rstrip()), verbatim, Context(), "label_only")
            return
        word = _WORD.match(self.text, label.end)
        if word is None:
            return
        ends = [word.end()]
        while len(ends) < _GROUPS and (more := _MORE.match(self.text, ends[-1])):
            ends.append(more.end())
        for end in reversed(ends):
            start, stop = label.end, label.end + len(_untied(self.text[label.end : end]))
            if stop > start and self._free(start, stop) and self._labelled_as(label, start, stop):
                return

    def _labelled_as(self, label: KindLabel, start: int, end: int) -> bool:
        value = self.text[start:end]
        telling = len(value) >= _TELLING or any(character.isdigit() for character in value)
        kinds = [kind for kind in label.kinds if telling or kind in _WITHOUT_DIGITS]
        own = label.platform and label.platform not in KINDS
        context = Context(platform=label.platform) if own else Context()
        kinds += ["username"] if own and label.marked else []
        made = self.finder.attempt(kinds, self.original[start:end], context)
        if not made:
            return False
        kind = made[0][0]
        named = kind == label.platform or kind in _CERTAIN
        doubt = ("several_kinds",) if len(made) > 1 and not named else ()
        return self._propose(start, end, [kind], context, *doubt, *(() if kind in _SHAPED else ("label_only",)))

    def _shapes(self) -> None:
        hints = {hint for hint in {shape.hint for shape in shapes.SHAPES} if hint.search(self.text)}
        for shape in shapes.SHAPES:
            for match in shape.pattern.finditer(self.text) if shape.hint in hints else ():
                self._shaped(shape, *match.span())

    def _shaped(self, shape: shapes.Shape, start: int, end: int) -> None:
        """Propose a value of this form; a group of characters at its end that does not belong to it is left out."""
        doubt = () if shape.certain else ("several_kinds",)
        while self._free(start, end):
            if self._propose(start, end, shape.kinds, Context(), *doubt):
                return
            shorter = self.text.rfind(" ", start, end)
            if shorter < 0 or end - shorter > 2 * _BESIDE:
                return
            end = shorter

    def _phones(self) -> None:
        for match in shapes.NUMBER.finditer(self.text):
            if not self.finder.spend(Finder.READING):
                return
            for number in PhoneNumberMatcher(match[0], self.finder.country, Leniency.VALID, 3):
                start = match.start() + number.start
                end = start + len(number.raw_string)
                if self._free(start, end):
                    self._propose(start, end, ("phone",))

    def _names(self) -> None:
        for match in shapes.HANDLE.finditer(self.text):
            if self._free(*match.span()):
                platform = self._platform_beside(*match.span())
                if platform in KINDS:
                    self._propose(*match.span(), (platform,))
                else:
                    self._propose(*match.span(), ("username",), Context(platform=platform or None))
        for match in shapes.REDDIT.finditer(self.text):
            if self._free(*match.span()):
                self._propose(*match.span(), ("username",), Context(platform="reddit"))

    def _platform_beside(self, start: int, end: int) -> str:
        """Return the platform that the line names shortly after a name, or else shortly before it."""
        after = self.text[end : end + _BESIDE].partition("\n")[0]
        before = self.text[max(0, start - _BESIDE) : start].rpartition("\n")[2]
        return next(iter([*platforms_in(after), *reversed(platforms_in(before))]), "")

    def _domains(self) -> None:
        for pattern in (shapes.DEFANGED_DOMAIN, shapes.BARE_DOMAIN):
            for match in pattern.finditer(self.text):
                bare = pattern is shapes.BARE_DOMAIN
                if self._free(*match.span()) and not (bare and not _known_ending(match[0])):
                    self._propose(*match.span(), ("domain",), Context(), *(("bare_domain",) if bare else ()))


def _untied(text: str) -> str:
    """Remove what ends a sentence, and brackets that were not opened inside."""
    while text and (text[-1] in _ENDS or (text[-1] in ")]}" and text.count(text[-1]) > text.count("([{"[")]}".index(text[-1])]))):
        text = text[:-1]
    return text


def _kinds_of(link: PlatformLink | None) -> tuple[str, ...]:
    if link is None or link.deeper or not (link.account or link.what == "invite"):
        return ()
    if link.what == "invite":
        return ("group",)
    own = (link.platform,) if link.platform in KINDS else ()
    return (*own, *(("phone",) if link.what == "phone" else ("platform_user_id",) if link.what == "id" else ("username",)))


def _known_ending(host: str) -> bool:
    return host.rpartition(".")[2].lower() in shapes.TOP_LEVELS
