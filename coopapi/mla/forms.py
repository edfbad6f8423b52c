"""Fill in the official form of a request: sections, numbers and wording come from data files, in four languages."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from coopapi.errors import Conflict, Unprocessable, broken
from coopapi.mla.form_facts import with_facts
from coopapi.mla.wording import Words, plain, read

_UNFINISHED: Final = frozenset({"draft", "validation_pending"})
INDENT: Final = "\u2003"
"""What stands before a box under another one."""


class NoSuchForm(Unprocessable):
    """The form does not exist for this kind of request.

    Omit `form` to get the standard form for this kind of request.
    """


class FormTooEarly(Conflict):
    """The form is about an event that has not happened yet.

    Take the step that the form is about first, and then print the form.
    """


@dataclass(frozen=True, slots=True)
class Field:
    """A label and the lines under it. `opens` marks the first field of one of several persons, offences or measures."""

    label: str
    lines: tuple[str, ...]
    opens: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A section, numbered as in the official form."""

    number: str
    label: str
    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A request filled into its form, in one language, ready to be printed."""

    form: str
    title: str
    subtitle: str
    instrument: str
    reference: str
    language: str
    mark: str
    preamble: str
    sections: tuple[Section, ...]
    notes: tuple[str, ...]
    footer: str


@dataclass(frozen=True, slots=True)
class _Page:
    """The data that a form is filled from: the whole request, the part that is being printed, and the wording."""

    view: Mapping[str, Any]
    part: Mapping[str, Any]
    words: Words

    @property
    def drafting(self) -> bool:
        """Tell whether the request is not finished yet, so that the drafter is told what its form still needs."""
        return self.view["state"] in _UNFINISHED

    def find(self, path: str) -> list[Any]:
        """Return every value at a dotted path of the part; `*` iterates over a list."""
        found: list[Any] = [self.part]
        for name in path.split("."):
            if name == "*":
                found = [one for many in found for one in many]
            else:
                found = [one[name] for one in found if isinstance(one, Mapping) and name in one]
            found = [one for one in found if one is not None and one not in ("", [], {})]
        return found

    def first(self, paths: str | Sequence[str]) -> list[Any]:
        """Return every value at the first of several paths that has any."""
        tried = (self.find(path) for path in ([paths] if isinstance(paths, str) else paths))
        found = next((values for values in tried if values), [])
        return [one for value in found for one in (value if isinstance(value, list) else [value])]

    def holds(self, when: Mapping[str, Any]) -> bool:
        """Tell whether all conditions hold: a path has a value or has none, or has one of several values."""
        return all(
            bool(self.find(path)) is wanted if isinstance(wanted, bool) else not set(wanted).isdisjoint(self.first(path))
            for path, wanted in when.items()
        )


def forms_of(kind: str) -> tuple[str, ...]:
    """Return the forms of a kind of request, the usual one first."""
    return tuple(read("kinds")["kinds"].get(kind, ("letter",)))


def all_forms() -> tuple[str, ...]:
    """Return the codes of all forms."""
    return tuple(sorted({form for forms in read("kinds")["kinds"].values() for form in forms}))


def document(view: Mapping[str, Any], language: str, *, form: str | None = None, to_addressee: bool = True) -> Document:
    """Fill in the form of a request from a view as `RequestOut` shows it.

    Sections that the addressee must not read are left out unless `to_addressee` is false. Raises `NoSuchForm` if the kind has no
    such form and `FormTooEarly` if the form tells of a step that was not taken yet.
    """
    fitting = forms_of(view["kind"])
    chosen = form or fitting[0]
    if chosen not in fitting:
        fault = broken("/form", "form", f"The forms for this kind of request are {', '.join(fitting)}.", "query")
        raise NoSuchForm(errors=[fault])
    spec = read(chosen)
    if lacking := [name for name in spec.get("needs", ()) if not view.get(name)]:
        raise FormTooEarly(f"The form needs {', '.join(lacking)}.")
    known = with_facts(view)
    page = _Page(known, known, Words(language, view.get("entered")))
    sections = tuple(_sections(spec, page, to_addressee=to_addressee))
    return _bound(spec, page, sections)


def _bound(spec: Mapping[str, Any], page: _Page, sections: tuple[Section, ...]) -> Document:
    """Return the document: the sections with title, reference, preamble, notes and footer."""
    words, view = page.words, page.view
    title, subtitle = words.label(spec["title"]), words.label(spec.get("subtitle", ""))
    if spec.get("titled_by_kind"):
        title, subtitle = words.code("request_kinds", view["kind"]), title
    reference = " ".join(plain(view["reference"]))
    return Document(
        form=spec["form"],
        title=title,
        subtitle=subtitle,
        instrument=words.instrument(view["instrument"]) if view.get("instrument") else "",
        reference=reference,
        language=words.language,
        mark=words.label("draft") if view["state"] in _UNFINISHED else "",
        preamble=words.label(spec.get("preamble", "")),
        sections=sections,
        notes=(*(f"* {note}" for note in words.footnotes.values()), *_unchecked(view, words, spec)),
        footer=f"{title} · {words.label('reference')} {reference}",
    )


def _unchecked(view: Mapping[str, Any], words: Words, spec: Mapping[str, Any]) -> Iterator[str]:
    """Yield notes of what was not checked against the official text: the form or parts of it, and rules about the request."""
    if spec.get("verify"):
        yield f"† {words.label('form_unchecked')}."
    elif parts := spec.get("unchecked", {}).get(words.language):
        yield f"† {words.titled(words.label('part_unchecked'), parts)}."
    if found := [f"{words.label(rule['titles'])} ({rule['article']})" for rule in view.get("unchecked", ())]:
        yield f"† {words.titled(words.label('unchecked'), '; '.join(found))}."


def _sections(spec: Mapping[str, Any], page: _Page, *, to_addressee: bool) -> Iterator[Section]:
    """Yield the sections. An official form has all of them; a `free` one has those that say something, numbered without gaps."""
    count = 0
    for section in spec["sections"]:
        if section.get("withheld") and to_addressee:
            continue
        found = tuple(_fields(section["fields"], page))
        if not found and spec.get("free"):
            continue
        count += 1
        number = str(count) if spec.get("free") else section["number"]
        label = page.words.label(spec["section"]).format(number) if "section" in spec else number
        found = found or (Field("", (page.words.label("not_applicable"),)),)
        yield Section(number, label, page.words.label(section["title"]), found)


def _fields(specs: Iterable[Mapping[str, Any]], page: _Page) -> Iterator[Field]:
    for spec in specs:
        if "block" in spec:
            yield from _block(spec, page)
        elif "each" in spec:
            yield from _each(spec, page)
        else:
            yield from _field(spec, page)


def _block(spec: Mapping[str, Any], page: _Page) -> Iterator[Field]:
    """Yield the fields of a block that several forms share, filled from the page or from a part of it."""
    specs: Iterable[Mapping[str, Any]] = read("blocks")[spec["block"]]
    if "of" not in spec:
        yield from _fields(({**one, "if_said": True} for one in specs) if spec.get("if_said") else specs, page)
        return
    parts = page.find(spec["of"])
    if parts or not spec.get("if_said"):
        yield from _fields(specs, replace(page, part=parts[0] if parts else {}))


def _each(spec: Mapping[str, Any], page: _Page) -> Iterator[Field]:
    """Yield the same fields for each of several persons, offences or measures, each introduced by a numbered heading."""
    every = (replace(page, part=item) for item in page.first(spec["each"]))
    items = [part for part in every if part.holds(spec.get("only", {}))]
    label = page.words.label(spec["label"])
    for number, part in enumerate(items, 1):
        head = page.words.say(part.first(spec["head"]), spec.get("as", "text"))
        yield Field(f"{label} {number}" if len(items) > 1 else label, head, opens=True)
        yield from _fields(spec["fields"], part)
    if not items:
        yield from _missing(spec, page, page.words.label(spec["plural"]))


def _missing(spec: Mapping[str, Any], page: _Page, label: str) -> Iterator[Field]:
    """Yield what is printed for something that was not said: what `missing` names, and to the drafter that it is to be completed.

    A finished form leaves it out, as it always leaves out what is only printed `if_said`.
    """
    if "missing" in spec:
        yield Field(label, (page.words.label(spec["missing"]),))
    elif page.drafting and not spec.get("if_said"):
        yield Field(label, (page.words.label("to_complete"),))


def _field(spec: Mapping[str, Any], page: _Page) -> Iterator[Field]:
    """Yield one field, or what is printed where nothing was said."""
    words, label = page.words, page.words.label(spec["label"])
    if not page.holds(spec.get("when", {})):
        if "otherwise" in spec:
            yield Field(label, (words.label(spec["otherwise"]),))
    elif "choices" in spec:
        yield Field(label, tuple(_choice(one, page) for one in spec["choices"]))
    elif "says" in spec:
        yield Field(label, tuple(words.label(key) for key in spec["says"]))
    else:
        style = spec.get("as", "text")
        values = page.first(spec["value"])
        lines = words.say(values, style, spec.get("options", ())) if values or style.startswith("ticks") else ()
        yield from [Field(label, lines)] if lines else _missing(spec, page, label)


def _choice(spec: Mapping[str, Any], page: _Page) -> str:
    """Return the line of one box, moved in if it is a box under another one."""
    return f"{INDENT * spec.get('under', 0)}{'☒' if page.holds(spec['when']) else '☐'} {page.words.label(spec['label'])}"
