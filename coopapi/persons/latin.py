"""Transliteration of names to Latin letters. It first handles what a script leaves open: vowels, and sounds of two letters."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from anyascii import anyascii

# Letters for sounds with more than one romanisation. sound.py has the readings of each.
CH: Final = "č"  # ch, tch, c without its caron
DZH: Final = "ǰ"  # j, dj, and g in Egypt
WAW: Final = "ẉ"  # w, or a long vowel
MB: Final = "ḅ"  # b, mb, mp (Greek)
ND: Final = "ḍ"  # d, nd, nt (Greek)
NG: Final = "ġ"  # g, ng, nk (Greek)
HEH: Final = "ḥ"  # an audible h, also after a consonant
SHORT_U: Final = "ŭ"  # u, or v at the end of a syllable (Belarusian)
BV: Final = "ƀ"  # b, p, or v, f (Hebrew within a word)
DZ: Final = "ʐ"  # d, t, dh, th in Arabic, z, s in Persian
AMBIGUOUS: Final = f"{DZ}{CH}{DZH}{WAW}{MB}{ND}{NG}{HEH}{SHORT_U}{BV}"

_CYRILLIC: Final = str.maketrans(
    {
        "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "ѓ": "gj", "ђ": DZ, "е": "e", "ѐ": "e", "ё": "yo",
        "є": "ye", "ж": "zh", "з": "z", "ѕ": "dz", "и": "i", "ѝ": "i", "і": "i", "ї": "yi", "й": "y", "ј": "j", "к": "k",
        "л": "l", "љ": "lj", "м": "m", "н": "n", "њ": "nj", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "ћ": CH,
        "ќ": "kj", "у": "u", "ў": SHORT_U, "ф": "f", "х": "kh", "ц": "ts", "ч": CH, "џ": "dzh", "ш": "sh", "щ": "shch",
        "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya", "ә": "a", "ғ": "gh", "қ": "q", "ң": "n", "ө": "o",
        "ұ": "u", "ү": "u", "һ": "h",
    },
)  # fmt: skip
_GREEK_PAIRS: Final = (
    ("ντζ", "ndz"), ("γουα", "wa"), ("γουε", "we"), ("γουι", "wi"), ("γουο", "wo"),
    ("μπ", MB), ("ντ", ND), ("γκ", NG), ("γγ", "ng"), ("γχ", "nch"), ("τζ", "dz"), ("τσ", "ts"), ("ου", "u"), ("αυ", "av"),
    ("ευ", "ev"), ("ηυ", "iv"), ("αι", "e"), ("ει", "i"), ("οι", "i"), ("υι", "i"),
)  # fmt: skip
_GREEK: Final = str.maketrans(
    {
        "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k", "λ": "l",
        "μ": "m", "ν": "n", "ξ": "ks", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "ς": "s", "τ": "t", "υ": "i", "φ": "f",
        "χ": "kh", "ψ": "ps", "ω": "o",
    },
)  # fmt: skip
_ARABIC: Final = str.maketrans(
    {
        "ا": "a", "أ": "a", "إ": "i", "آ": "a", "ٱ": "a", "ب": "b", "ت": "t", "ث": DZ, "ج": DZH, "ح": HEH, "خ": "kh",
        "د": "d", "ذ": DZ, "ر": "r", "ز": "z", "س": "s", "ش": "sh", "ص": "s", "ض": DZ, "ط": "t", "ظ": DZ, "ع": "",
        "غ": "gh", "ف": "f", "ق": "q", "ك": "k", "ل": "l", "م": "m", "ن": "n", "ه": HEH, "و": WAW, "ي": "y", "ى": "y",
        "ئ": "y", "ؤ": "u", "ء": "", "ة": "a", "پ": "p", "چ": CH, "ژ": "zh", "گ": "g", "ک": "k", "ی": "y", "ڤ": "v",
        "ە": "e", "ھ": HEH, "ڕ": "r", "ڵ": "l", "ۆ": "o", "ێ": "e", "ـ": "", "ٹ": "t", "ڈ": "d", "ڑ": "r", "ں": "n",
        "ے": "e",
    },
)  # fmt: skip
_HEBREW: Final = str.maketrans(
    {
        "א": "a", "ב": BV, "ג": "g", "ד": "d", "ה": HEH, "ו": WAW, "ז": "z", "ח": HEH, "ט": "t", "י": "y", "ך": "kh",
        "כ": "k", "ל": "l", "ם": "m", "מ": "m", "ן": "n", "נ": "n", "ס": "s", "ע": "", "ף": "f", "פ": BV, "ץ": "ts",
        "צ": "ts", "ק": "k", "ר": "r", "ש": "sh", "ת": "t",
    },
)  # fmt: skip
_INITIALS: Final = _ARABIC | _HEBREW | str.maketrans({"و": "w", "ו": "w", "ב": "b", "פ": "p"})
_LATIN: Final = str.maketrans(
    {"č": CH, "ć": CH, "ż": "zh", "ź": "z", "ś": "sh", "š": "sh", "ş": "sh", "ș": "sh", "ž": "zh", "ç": "ch", "ğ": "g", "ı": "i",
     "þ": "th", "ð": "d", "đ": DZ, "ß": "ss", "æ": "ae", "ø": "o", "å": "a", "ł": "l", "ţ": "ts", "ț": "ts", "ŭ": SHORT_U},
)  # fmt: skip
_TAMIL: Final = (("ற்ற", "tr"), ("ன்ற", "ndr"), ("ச", "ஸ"))
_SILENT_START: Final = re.compile("^[இஉ](?=[ரல])")
_INHERENT: Final = re.compile("(?<=[க-ஹ])(?=[க-ஹ]|$)")
# Burmese: the rhymes that differ from their letters, then letters.
_BURMESE_RHYMES: Final = (
    ("ောင်", "aung"), ("ိုင်", "aing"), ("င့်", "int"), ("င်", "in"), ("ည်", "i"), ("ဉ်", "in"), ("ရှ", "sh"), ("ိုက်", "aik"),
    ("ောက်", "auk"), ("က်", "et"), ("စ်", "it"), ("တ်", "at"), ("ပ်", "at"), ("န်", "an"), ("မ်", "an"), ("ံ", "an"), ("ယ်", "e"),
    ("ော်", "aw"), ("ော", "aw"),
)  # fmt: skip
_BURMESE: Final = str.maketrans(
    {
        "က": "k", "ခ": "kh", "ဂ": "g", "ဃ": "g", "င": "ng", "စ": "s", "ဆ": "s", "ဇ": "z", "ဈ": "z", "ည": "ny", "ဉ": "ny", "ဋ": "t",
        "ဌ": "t", "ဍ": "d", "ဎ": "d", "ဏ": "n", "တ": "t", "ထ": "t", "ဒ": "d", "ဓ": "d", "န": "n", "ပ": "p", "ဖ": "p", "ဗ": "b",
        "ဘ": "b", "မ": "m", "ယ": "y", "ရ": "y", "လ": "l", "ဝ": "w", "သ": "th", "ဟ": "h", "ဠ": "l", "အ": "a", "ျ": "y", "ြ": "y",
        "ွ": "w", "ှ": "h", "ာ": "a", "ါ": "a", "ိ": "i", "ီ": "i", "ု": "u", "ူ": "u", "ေ": "e", "ဲ": "e", "့": "", "း": "", "်": "",
        "ဦ": "u",
    },
)  # fmt: skip
_BURMESE_SYLLABLE: Final = re.compile("(?=(?<!္)[က-အဦ](?![်္]|့်))")
_FAMILIES: Final = {
    "이": "lee", "리": "ri", "노": "no", "로": "ro", "오": "oh", "유": "yu", "류": "ryu", "임": "im", "림": "rim", "박": "pak",
    "김": "kim", "최": "choe", "解": "xie", "单": "shan", "單": "shan", "曾": "zeng", "仇": "qiu", "查": "zha", "翟": "zhai",
}  # fmt: skip
"""Family names that are not read like the same letters within a given name, or that are written in another way."""
_DIGITS: Final = str.maketrans("015", "ols")
_FOLDED_H: Final = re.compile("h(?![aeiouy])|(?<=[kgtscpzr])h")
_FOLDED: Final = str.maketrans("xcqgwfzdboeyj", "kkkkvvstpuiii")
_DOUBLED: Final = re.compile(r"(.)\1+")
_NO_LETTER: Final = re.compile("[^a-z]")
_MARKS: Final = re.compile(r"['’‘ʼʹʺ`´\"\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u200b-\u200d]")
_CAMEL: Final = re.compile(r"(?<=[a-zà-öø-ÿ])(?<!\bMc)(?<!\bMac)(?<!\bDe)(?=[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ])")
# The signs for vowels in the scripts of South and South-East Asia are no letters for the module re.
_SIGNS: Final = "".join(chr(c) for c in range(0x0900, 0x1AFF) if unicodedata.category(chr(c)) in {"Mn", "Mc"})
_APART: Final = re.compile(rf"[^\w{_SIGNS}]+|_+")
_CYRILLIC_ALIKE: Final = "авекмнорстухіјѕАВЕКМНОРСТУХІЈЅ"
_LATIN_ALIKE: Final = "abekmhopctyxijsABEKMHOPCTYXIJS"
_TO_LATIN: Final = str.maketrans(_CYRILLIC_ALIKE, _LATIN_ALIKE)
_TO_CYRILLIC: Final = str.maketrans(_LATIN_ALIKE, _CYRILLIC_ALIKE)
_UNWRITTEN: Final = re.compile(
    f"(?<=[gkq{HEH}])(?=[gkq{HEH}])|(?<=h)(?=[gkq{HEH}])|(?<=l)(?=l)|(?<=m)(?=m)|(?<=n)(?=n)|(?<=r)(?=r)|(?<=[dt])(?=[dt])|(?<=[sz])(?=[sz])"
)
_ARTICLE: Final = re.compile("^ال(?=.{3})")
_OF_GOD: Final = re.compile("(?<=..)الله$")
_SERVANT: Final = re.compile("^عبد ?(?:ال)?(?=.{3})")


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """Split a name into words: at spaces, hyphens and full stops, and inside words such as LiJuan."""
    composed = _MARKS.sub("", name if name.isascii() else unicodedata.normalize("NFKC", name))
    parts = [part for part in _APART.split(composed) if part]
    if not (composed.istitle() or composed.isupper() or composed.islower()):
        parts = [part for written in parts for part in _humps(written)]
    return tuple(parts if composed.isascii() else map(_one_script, parts))


def _humps(word: str) -> list[str]:
    """Split a word before each capital letter that starts another word."""
    return [word] if word[1:].islower() or word.isupper() else _CAMEL.split(word)


def burmese_syllables(word: str) -> list[str]:
    """Split a Burmese word into syllables, which Latin letters write as words of their own."""
    return [syllable for syllable in _BURMESE_SYLLABLE.split(word) if syllable]


def _one_script(word: str) -> str:
    """Replace Cyrillic letters in a Latin word by those that look alike, and the other way round."""
    latins = sum("a" <= letter <= "z" for letter in word.lower())
    others = sum("\u0400" <= letter <= "\u04ff" for letter in word)
    if not latins or not others:
        return word
    return word.translate(_TO_LATIN if latins > others else _TO_CYRILLIC)


@lru_cache(maxsize=65_536)
def latin(word: str) -> str:
    """Return a word in lower-case Latin letters, with the signs above for letters that have several readings."""
    text = _FAMILIES.get(word) or word.casefold()
    if text.isascii():
        return text.translate(_DIGITS) if not text.isalpha() and not text.isdigit() else text
    first = max(text[:1], text[-1:])
    read = next((read for start, end, read in _SCRIPTS if start <= first <= end), _other)
    return _ascii(read(text))


def _other(text: str) -> str:
    return text.translate(_LATIN).translate(_DIGITS)


def _greek(text: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return _paired(plain, _GREEK_PAIRS).translate(_GREEK)


def _paired(text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for pair, letter in pairs:
        text = text.replace(pair, letter)
    return text


def _arabic(text: str) -> str:
    if text == "عبد":
        return "abd"
    text = _SERVANT.sub("", text) if text != "عبدالله" and not text.startswith("عبدالله") else "abdallah"
    return text if text.isascii() else _semitic(_ARTICLE.sub("", _OF_GOD.sub("ullah", text)), _ARABIC)


def _semitic(text: str, table: dict[int, str]) -> str:
    """Transliterate a script without vowels. At the beginning of a word waw is the consonant w, ayn a vowel, and bet a b."""
    written = ("a" if text[:1] in {"ع", "ע"} else text[:1].translate(_INITIALS)) + text[1:].translate(table)
    return _UNWRITTEN.sub("a", written)


def _tamil(text: str) -> str:
    """Write the vowel a that a letter without a sign has, and the letters of which the sound depends on their neighbours."""
    return _INHERENT.sub("a", _paired(_SILENT_START.sub("", text), _TAMIL))


_SCRIPTS: Final[tuple[tuple[str, str, Callable[[str], str]], ...]] = (
    ("\u0370", "\u03ff", _greek),
    ("\u1f00", "\u1fff", _greek),
    ("\u0400", "\u04ff", lambda text: text.translate(_CYRILLIC)),
    ("\u0590", "\u05ff", lambda text: _semitic(text, _HEBREW)),
    ("\u0600", "\u06ff", _arabic),
    ("\u0b80", "\u0bff", _tamil),
    ("\u1000", "\u109f", lambda text: _paired(text, _BURMESE_RHYMES).translate(_BURMESE)),
)
"""The first and last letter of each script that has a table of its own, and its reader."""


def _ascii(text: str) -> str:
    """Transliterate all other scripts (Armenian, Georgian, Devanagari, Hangul, Han ...) with the general tables of anyascii."""
    if text.isascii():
        return text
    return "".join(c if c.isascii() or c in AMBIGUOUS else anyascii(c).lower() for c in text).replace("'", "")


@lru_cache(maxsize=65_536)
def fold(latin: str) -> str:
    """Unify the differences between romanisations, but keep the vowels distinct."""
    text = latin if latin.isascii() and latin.isalpha() else _NO_LETTER.sub("", latin)
    return _DOUBLED.sub(r"\1", (_FOLDED_H.sub("", text) if "h" in text else text).translate(_FOLDED))
