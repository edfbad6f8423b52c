"""Write coopapi/persons/data/readings.json: how names in Chinese characters are read in Japanese and in Cantonese.

    python -m bench.readings

Needs the packages janome and ToJyutping, which are no dependencies. The entries for family and given names are those of the
dictionary IPADIC that is part of janome 0.5.1 (Apache-2.0; IPADIC has the permissive licence of NAIST and ICOT). The readings
of characters are the most frequent ones of ToJyutping 3.2.0 (BSD-2-Clause); characters that neither GB 2312 nor the first
level of Big5 has are left out.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path

TARGET = Path(__file__).parents[1] / "coopapi" / "persons" / "data" / "readings.json"
PROVENANCE = {
    "what": "Readings in Latin letters, each with the names or characters that are read so, the most frequent readings first.",
    "japanese": "IPADIC in janome 0.5.1, Copyright NAIST and ICOT, permissive licence",
    "cantonese": "ToJyutping 3.2.0, BSD-2-Clause",
    "made_by": "bench/readings.py",
}
PARTS = {"姓": "families", "名": "given"}
MOST_READINGS = 3
VOWELS, LARGE, SMALL = "aiueo", "アイウエオ", "ァィゥェォ"
ROWS = {
    "": LARGE, "k": "カキクケコ", "s": "サシスセソ", "t": "タチツテト", "n": "ナニヌネノ", "h": "ハヒフヘホ",
    "m": "マミムメモ", "r": "ラリルレロ", "g": "ガギグゲゴ", "z": "ザジズゼゾ", "d": "ダヂヅデド",
    "b": "バビブベボ", "p": "パピプペポ",
}  # fmt: skip
HEPBURN = {"si": "shi", "ti": "chi", "tu": "tsu", "hu": "fu", "zi": "ji", "di": "ji", "du": "zu"}
KANA = {kana: HEPBURN.get(r + v, r + v) for r, row in ROWS.items() for kana, v in zip(row, VOWELS, strict=True)} | {
    "ヤ": "ya", "ユ": "yu", "ヨ": "yo", "ワ": "wa", "ヲ": "o", "ン": "n", "ヴ": "vu", "ー": "", "ヶ": "ga", "ヵ": "ka",
}  # fmt: skip
GLIDES = {"ャ": "a", "ュ": "u", "ョ": "o", **dict(zip(SMALL, VOWELS, strict=True))}
INITIALS = (("gw", "kw"), ("ng", "ng"), ("z", "ch"), ("c", "ch"), ("jyu", "yu"), ("j", "y"), ("g", "k"))
FAMILIES = {"曾": "tsang", "區": "au", "区": "au", "翟": "chak", "仇": "sau"}
"""Characters that are read in another way as family names than in most words."""
FINALS = (("aa", "a"), ("oe", "eu"), ("eo", "u"), ("yu", "ue"))


def hepburn(kana: str) -> str:
    """Return katakana in Hepburn's romanisation with short vowels, as passports write it."""
    out, double = "", False
    for sign in kana:
        if sign == "ッ":
            double = True
            continue
        read = KANA.get(sign, "")
        if sign in GLIDES:
            out = (out[:-1] if out.endswith(("shi", "chi", "ji")) else out[:-1] + ("y" if sign in "ャュョ" else "")) + GLIDES[sign]
        else:
            out += read[:1] + read if double and read else read
        double = False
    return out.replace("ou", "o").replace("oo", "o").replace("uu", "u")


def japanese() -> Iterator[tuple[str, str, str, int]]:
    """Yield the part (`families` or `given`), the name, its reading, and its cost in the dictionary."""
    for bucket in range(10):
        more = import_module(f"janome.sysdic.entries_extra{bucket}").DATA
        entries = import_module(f"janome.sysdic.entries_compact{bucket}").DATA
        for number, said in more.items():
            part = PARTS.get(said[0].removeprefix("名詞,固有名詞,人名,"))
            if part and all("\u3400" <= sign <= "\u9fff" or sign in "々ヶノ" for sign in entries[number][0]):
                yield part, entries[number][0], hepburn(said[4]), entries[number][3]


def cantonese() -> Iterator[tuple[str, str]]:
    """Yield characters with their most frequent reading, written as in names of Hong Kong."""
    jyutping = import_module("ToJyutping")
    for character in map(chr, range(0x4E00, 0xA000)):
        simple, big = (character.encode(encoding, "ignore") for encoding in ("gb2312", "big5"))
        found = jyutping.get_jyutping_candidates(character)[0][1]
        if found and (simple or b"\xa4\x40" <= big <= b"\xc6\x7e"):
            yield character, FAMILIES.get(character) or hong_kong(found[0].rstrip("123456"))


def hong_kong(jyutping: str) -> str:
    """Return a syllable as the government of Hong Kong writes it in names, as far as its sound is concerned."""
    start, written = next(((a, b) for a, b in INITIALS if jyutping.startswith(a)), ("", ""))
    rest = jyutping[len(start) :]
    for sound, letters in FINALS:
        rest = rest.replace(sound, letters)
    return written + rest


def grouped(read: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Return for each reading the names that have it, separated by blanks."""
    found: dict[str, list[str]] = defaultdict(list)
    for written, reading in read:
        found[reading].append(written)
    return {reading: " ".join(sorted(found[reading])) for reading in sorted(found)}


def main() -> None:
    """Write the file."""
    costs: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for part, name, reading, cost in japanese():
        costs[part, name][reading] = min(cost, costs[part, name].get(reading, cost))
    ranks = [
        {
            part: grouped(
                (name, ordered[rank])
                for (of, name), read in costs.items()
                if of == part and len(ordered := sorted(read, key=lambda r: read[r])) > rank
            )
            for part in PARTS.values()
        }
        for rank in range(MOST_READINGS)
    ]
    data = {"provenance": PROVENANCE, "japanese": ranks, "cantonese": grouped(cantonese())}
    TARGET.write_text(json.dumps(data, indent=0, ensure_ascii=False) + "\n")
    print(f"{len(costs)} names written to {TARGET.name}")


if __name__ == "__main__":
    main()
