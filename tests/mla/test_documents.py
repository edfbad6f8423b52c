"""Requests on their forms: numbers as the official ones, four languages, three formats; what somebody wrote stays text."""

import ast
import inspect
import io
import json
import re
import time
from datetime import UTC, datetime
from itertools import cycle
from uuid import uuid4

import pytest
import verapdf
from assisting import SENT, draft, walk
from pypdf import PdfReader

from coopapi.deadlines import rules
from coopapi.directory.codelists import LANGUAGES
from coopapi.mla import documents, forms, printing, wording
from coopapi.mla.lifecycles import KINDS
from coopapi.mla.wording import read
from coopapi.typesetting import typst

AT = datetime(2026, 11, 25, 9, tzinfo=UTC)
HERON, EGRET, ARABIC = "Владимир Цапля", "Γεώργιος Ερωδιός", "مالك الحزين"
NUMBERS = {
    "tcy_31": ("subscriber_information", [str(number) for number in range(1, 25)]),
    "tcy_29_30": ("preservation", [str(number) for number in range(1, 17)]),
    "eio_a": ("eio", list("ABCDEFGHIJKL")),
    "eio_b": ("eio", list("ABCDE")),
    "epoc": ("epoc", list("ABCDEFGHIJKL")),
    "epoc_pr": ("epoc_pr", list("ABCDEFG")),
    "eaw": ("eaw", list("abcdefghi")),
    "letter": ("mla_letter", [str(number) for number in range(1, 11)]),
    "reply": ("eio", list("12345")),
    "spontaneous": ("spontaneous_information", [str(number) for number in range(1, 8)]),
}
OFFICE = {"office": "Section J3", "person_in_charge": "Duty prosecutor", "email": "j3@heron.example", "time_zone": "Europe/Paris"}
CONTENT = {
    "title": "Operation Heron",
    "offences": [
        {"national_article": "Art. 227-23", "label": "Abuse material", "category": "sexual_abuse", "max_penalty_years": 5.0}
    ],
    "facts": "A heron account shared files with an owl account.\nThe second paragraph.",
    "necessity": "NECESSITY-HERON",
    "persons": [
        {"ref": "P1", "role": "suspect", "name": HERON, "aliases": [EGRET, ARABIC], "nationality": "XK", "birth_date": "1980-05"},
        {"ref": "P2", "role": "witness", "name": f"{ARABIC} (Malik Heron) из Москвы"},
    ],
    "proceedings": "criminal",
    "contact": OFFICE,
    "confidentiality": {"requested": False},
    "preservation": {"custodian": "unknown", "intends_mla": True, "mla_expected_on": "2027-01-15"},
    "order": {"addressee": "legal_representative", "recipient": "Office of Lyon"},
    "information": f"{HERON}, {EGRET}, {ARABIC}",
    "attachments": [{"title": "Order of the judge", "sha256": "ab" * 32}],
}
SEEN = {"observed_at": "2026-10-03T14:05:12+02:00", "port": 443}
ASKED = {
    "identifiers": [{"kind": "ip", "value": "203.0.113.7", "context": SEEN}],
    "data_categories": ["subscriber"],
    "since": "2026-10-01T00:00:00+02:00",
}
VIEW = {
    "reference": "HERON/2026/17",
    "kind": "eio",
    "instrument": "eio",
    "state": "transmitted",
    "urgency": "routine",
    "requesting": {"name": "Parquet de Lyon", "type": "public_prosecutor", "country": "FR"},
    "executing": {"name": "Εισαγγελία Αθηνών", "type": "public_prosecutor", "country": "GR"},
    "executing_country": "GR",
    "language": "fr",
    "previous": None,
    "validated_at": "2026-11-20T09:00:00+00:00",
    "received_at": "2026-11-21T10:00:00+00:00",
    "created_at": "2026-11-19T09:00:00+00:00",
    "decided_at": "2026-11-24T09:00:00+00:00",
    "content": CONTENT,
    "measures": [{"code": "subscriber", "state": "pending", "asked": ASKED}],
}


def filled(kind="eio", language="en", form=None, *, to_addressee=True, content=None, **more):
    view = {**VIEW, "kind": kind, "content": {**CONTENT, **(content or {})}, **more}
    return forms.document(view, language, form=form, to_addressee=to_addressee)


def said(document, number, label=None):
    """The lines of a section, or of one of its fields."""
    (section,) = [one for one in document.sections if one.number == number]
    return [line for field in section.fields if label in {None, field.label} for line in field.lines]


def text_of(pdf):
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def letters(text):
    """Text without spaces and line ends, which extraction places as it likes."""
    return re.sub(r"\s", "", text)


def test_every_kind_of_request_has_a_form_and_every_form_a_kind():
    assert set(read("kinds")["kinds"]) == set(KINDS)
    assert set(forms.all_forms()) == set(NUMBERS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", NUMBERS)
def test_every_form_is_printed_in_every_language_with_the_official_numbers(form, language):
    kind, numbers = NUMBERS[form]
    document = filled(kind, language, form)

    assert [section.number for section in document.sections] == numbers
    assert json.loads(json.dumps(printing.as_json(document)))["form"] == form
    html = printing.as_html(document)
    assert f'<html lang="{language}">' in html
    assert document.title in html
    text = letters(text_of(printing.as_pdf(document, AT)))
    for section in document.sections:
        assert section.title.replace("’", "&#39;") in html.replace("’", "&#39;")
        assert letters(section.title) in text


@pytest.mark.parametrize("form", NUMBERS)
def test_the_words_of_a_form_differ_by_language(form):
    kind, _ = NUMBERS[form]
    titles = {language: filled(kind, language, form).title for language in LANGUAGES}
    assert len(set(titles.values())) == 4
    sections = {language: " ".join(s.title for s in filled(kind, language, form).sections) for language in LANGUAGES}
    assert len(set(sections.values())) == 4


def test_a_form_says_that_its_text_was_not_checked_and_one_that_is_nobodys_does_not():
    words = {"en": "not checked against the official form", "fr": "contrôlé sur le formulaire officiel", "es": "formulario oficial",
             "pt": "formulário oficial"}  # fmt: skip
    for language in LANGUAGES:
        assert any(words[language] in note for note in filled("eio", language, "eio_b").notes)
        assert not any(words[language] in note for note in filled("eio", language, "reply").notes)
        assert not any(words[language] in note for note in filled("mla_letter", language, "letter").notes)


def test_a_form_that_was_compared_in_english_says_in_the_other_languages_that_their_wording_was_not():
    for kind in ("epoc", "epoc_pr"):
        assert not any(note.startswith("†") for note in filled(kind, "en").notes)
        for language, words in {"fr": "en français", "es": "en español", "pt": "em português"}.items():
            assert [words in note for note in filled(kind, language).notes if note.startswith("†")] == [True]


@pytest.mark.parametrize(("kind", "part"), [("eaw", "3.1a to 3.4"), ("preservation", "sections 8 to 16")])
def test_a_form_names_the_parts_that_were_not_compared(kind, part):
    assert [part in note for note in filled(kind).notes if note.startswith("†")] == [True]


def test_a_form_names_the_time_limits_that_were_not_read_under_its_instrument():
    """Articles 17 and 23 of the Framework Decision were read; those of the Agreement with the United Kingdom were not."""

    def unchecked(instrument):
        view = {"measures": [], "enforcing_authority": None, "kind": "eaw", "instrument": instrument, "urgency": "routine"}
        return [rule["article"] for rule in documents._unchecked(view)]

    assert unchecked("eaw") == ["Framework Decision 2002/584/JHA Art. 6(1)"]
    agreement = "EU-UK Trade and Cooperation Agreement Art. "
    assert unchecked("eu_uk_surrender")[1:] == [agreement + one for one in ("615(2), (4)", "615(3), (4)", "621(2)")]
    assert set(rules.load()["eaw_surrender_postponed"].unchecked_under) == {"eu_uk_surrender", "eu_no_is_surrender"}


def test_an_order_to_preserve_has_the_sections_of_annex_ii_and_none_about_an_earlier_order():
    titles = [section.title for section in filled("epoc_pr").sections]
    assert titles[2] == "Information to support identification of the data requested to be preserved"
    assert titles[4:] == [
        "Information on the underlying conditions",
        "Details of the issuing authority",
        "Details of the validating authority",
    ]


def test_an_order_says_whether_the_provider_is_controller_or_processor_and_who_gets_the_data():
    """Annex I section G(d) and section L(a), and Article 5(6) and (7)."""

    def ticked(number, **more):
        order = filled("epoc", content={"order": {"addressee": "legal_representative", **more}})
        return [line[2:] for line in said(order, number) if line.startswith("☒")]

    assert ticked("G", acts_as="controller")[1:] == ["This EPOC is addressed to the service provider acting as controller"]
    processor = {
        "acts_as": "processor", "processor_because": "unidentified", "may_inform_controller": False, "not_told_because": "WHY",
    }  # fmt: skip
    assert [line[:23] for line in ticked("G", **processor)[1:]] == [
        "This EPOC is addressed ", "the controller cannot b", "the processor shall not",
    ]  # fmt: skip
    assert said(filled("epoc", content={"order": processor}), "G")[-1] == "WHY"
    for other in ({"acts_as": "controller"}, {"may_inform_controller": True}):
        assert "WHY" not in said(filled("epoc", content={"order": {**processor, **other}}), "G")
    assert ticked("L") == ["issuing authority"]
    assert ticked("L", send_to="validating") == ["validating authority"]
    assert ticked("L", recipient="Office of Lyon") == ["other competent authority (for example a central authority)"]


COURT = {"name": "Court of Lyon", "type": "court", "another": True, "as": "prosecutor"}
EXAMINING = {"name": "Examining judge", "type": "investigating_judge", "another": True, "as": "judge"}
OTHER_OFFICE = {"name": "Parquet de Paris", "type": "public_prosecutor", "another": True, "as": "prosecutor"}
COLLEAGUE = {"name": "Parquet de Lyon", "type": "public_prosecutor", "another": False, "as": "prosecutor"}
JUDGE = {**COLLEAGUE, "as": "judge"}
BLANK = "____"


def validated(kind, validating, *, traffic=False, by=None, **more):
    """What the form says of the validation: the ticked types, and the start of the name; nothing if the section does not apply."""
    data = [measure("traffic", data_categories=["traffic"])] if traffic else [measure("subscriber")]
    issuer = {"requesting": by} if by else {}
    number = {"epoc": "J", "epoc_pr": "G", "eio": "L"}[kind]
    (section,) = [s for s in filled(kind, measures=data, validating=validating, **issuer, **more).sections if s.number == number]
    types, name = ([f.lines for f in section.fields if f.label.startswith(label)] for label in ("Type", "Validating"))
    return ([line[2:] for line in types[0] if line[0] == "☒"], name[0][0].rstrip("_") or BLANK) if types else None


@pytest.mark.parametrize("kind", ["epoc", "epoc_pr", "eio"])
def test_what_the_issuing_prosecutors_validate_themselves_needs_no_section_and_another_authority_has_one(kind):
    prosecutor = "public prosecutor, or an investigating judge" if kind == "eio" else "public prosecutor"
    court = "judge or court" if kind == "eio" else "judge, court or investigating judge"
    examining = prosecutor if kind == "eio" else court
    assert validated(kind, COLLEAGUE) is None
    assert validated(kind, OTHER_OFFICE) == ([prosecutor], "Parquet de Paris")
    assert validated(kind, COURT) == ([court], "Court of Lyon")
    assert validated(kind, EXAMINING) == ([examining], "Examining judge")
    assert validated(kind, COURT, content={"court": "Court of Paris"}) == ([court], "Court of Paris")


def test_the_issuing_authority_is_never_named_as_its_own_validating_authority():
    """A judge in a prosecution office, and a prosecutor in a police unit, validated what their authority could not issue alone."""
    judge, prosecutor = ["judge, court or investigating judge"], ["public prosecutor"]
    assert validated("epoc", JUDGE, traffic=True) == (judge, BLANK)
    assert validated("epoc", JUDGE, traffic=True, content={"court": "Court of Paris"}) == (judge, "Court of Paris")
    assert validated("epoc", {**COLLEAGUE, **POLICE}, by=POLICE) == (prosecutor, BLANK)


def test_what_a_judge_issues_needs_no_validation():
    court = {"name": "Court of Lyon", "type": "court", "country": "FR"}
    assert validated("epoc", {**COURT, "another": False, "as": "judge"}, traffic=True, by=court) is None


def test_what_nobody_validated_yet_has_no_box_ticked_and_earlier_requests_the_one_that_the_rule_asks_for():
    assert validated("epoc", None, traffic=True, state="draft", validated_at=None) == ([], BLANK)
    assert validated("epoc", None, traffic=True) == (["judge, court or investigating judge"], BLANK)
    assert validated("epoc", None, by=POLICE) == (["public prosecutor"], BLANK)


def test_the_recipient_of_the_data_is_the_authority_of_the_ticked_box():
    def printed(validating=None, **order):
        traffic = [measure("traffic", data_categories=["traffic"])]
        return said(
            filled("epoc", content={"order": order}, measures=traffic, validating=validating),
            "L",
            read("phrases")["recipient"]["en"],
        )[0]

    assert printed() == printed(send_to="issuing") == OFFICE["office"]
    assert printed(COURT, send_to="validating") == "Court of Lyon"
    assert printed(JUDGE, send_to="validating").rstrip("_") == ""
    assert printed(COURT, send_to="validating", recipient="Registry") == "Registry"
    assert printed(send_to="other", recipient="Central office") == "Central office"
    assert printed(send_to="other").rstrip("_") == ""


def test_an_order_to_preserve_says_nothing_of_an_earlier_order():
    earlier = {"relation": "extension", "request_id": "r-1", "reference": "OWL/9"}
    assert filled("epoc_pr", previous=earlier).sections == filled("epoc_pr").sections


def test_an_arrest_warrant_counts_its_offences_and_names_those_that_are_not_listed():
    listed = {"label": "Abuse", "national_article": "1", "listed": "child_sexual_exploitation", "max_penalty_years": 5}
    low, other = {**listed, "label": "Lesser abuse", "max_penalty_years": 2}, {"label": "Theft", "national_article": "2"}
    warrant = filled("eaw", content={"offences": [listed, low, other]})
    assert said(warrant, "e")[0] == "3"
    assert said(warrant, "e")[-2:] == ["Lesser abuse", "Theft"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refusal_names_ground_and_legal_remedy_and_a_part_says_what_is_missing(language):
    remedy = {"text": "The facts are time-barred here.", "legal_remedy": "Appeal to the court within ten days."}
    refused = filled("eio", language, "reply", state="refused", grounds=["eio_ne_bis_in_idem"], reply=remedy)
    lines = said(refused, "3")
    assert remedy["text"] in lines
    assert remedy["legal_remedy"] in lines
    assert sum(line.startswith("☒") for line in lines) == 1
    assert "eio_ne_bis_in_idem" not in lines
    done = {
        "code": "hearing",
        "state": "partly_executed",
        "outcome_reason": "data_not_available",
        "reply": {"text": "One witness died."},
    }
    part = filled("eio", language, "reply", state="partially_executed", measures=[{**done, "asked": {}}])
    missing = said(part, "4")
    assert "One witness died." in missing
    assert not {"partly_executed", "data_not_available", "hearing"} & set(missing)


def labels(data):
    """Every label in the data of a form, wherever it stands."""
    if isinstance(data, dict):
        if set(data) == set(LANGUAGES):
            yield data
        for value in data.values():
            yield from labels(value)
    elif isinstance(data, list):
        for value in data:
            yield from labels(value)


@pytest.mark.parametrize("name", [*NUMBERS, "blocks", "phrases", "kinds"])
def test_every_label_is_said_in_four_languages_and_every_name_in_the_data_exists(name):
    data = read(name)
    assert all(all(label.values()) for label in labels(data))
    written = json.dumps(data)
    assert set(re.findall(r'"block": "(\w+)"', written)) <= set(read("blocks"))
    assert set(re.findall(r'"(?:label|plural|missing|otherwise)": "(\w+)"', written)) <= set(read("phrases"))


def test_every_phrase_is_said_by_a_form_or_by_the_code():
    data = "".join(json.dumps(read(name)) for name in [*NUMBERS, "blocks", "kinds"])
    of_forms = re.findall(r'"(?:label|plural|missing|otherwise)": "(\w+)"', data)
    of_lists = [word for words in re.findall(r'"says": \[(.*?)\]', data) for word in re.findall(r"\w+", words)]
    code = [node for module in (forms, printing, wording) for node in ast.walk(ast.parse(inspect.getsource(module)))]
    of_code = [node.value for node in code if isinstance(node, ast.Constant)]
    titles = re.findall(r'"titles": "(\w+)"', inspect.getsource(documents))
    values = tuple(f"{prefix}_" for prefix in re.findall(r"word:(\w+)", data))
    named = {*of_forms, *of_lists, *of_code, *titles}
    assert [phrase for phrase in read("phrases") if phrase not in named and not phrase.startswith(values)] == []


def test_codes_are_said_by_their_labels_and_an_unknown_one_by_itself():
    spanish = filled("eio", "es", content={"proceedings": "unheard_of"})
    assert said(spanish, "A", "Estado de ejecución") == ["Grecia"]
    assert "Datos de los abonados" in said(spanish, "C")
    assert "☐ Intervención de telecomunicaciones" in said(spanish, "C")
    assert said(spanish, "F")[-1] == "☒ unheard_of"


def test_kosovo_carries_its_footnote_and_a_form_without_it_carries_none():
    assert "UNSCR 1244" in " ".join(filled("eio").notes)
    assert not any(note.startswith("*") for note in filled("eio", content={"persons": []}).notes)


def test_an_address_is_said_with_port_time_and_offset():
    assert said(filled("epoc"), "E", "Identifiers") == ["IP address: 203.0.113.7, port 443, 2026-10-03 14:05:12 +02:00"]
    assert said(filled("epoc"), "E", "Period, from") == ["2026-10-01 00:00:00 +02:00"]


def test_what_nobody_said_is_left_out_of_a_finished_form_and_shown_to_the_drafter_as_to_be_completed():
    document = filled("eio")
    assert said(document, "J") == ["Not applicable"]
    assert said(document, "I", "Confidentiality requested") == ["No"]
    assert said(filled("preservation"), "15") == ["Not applicable"]
    assert said(filled("subscriber_information"), "9") == ["None"]
    assert said(filled("eio", state="draft"), "J") == ["to be completed"]


@pytest.mark.parametrize("kind", ["mla_letter", "extradition", "production_order", "freezing_certificate"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_has_no_empty_line_and_no_gap_in_its_numbers(kind, language):
    letter = filled(kind, language, form="letter", content={"persons": [], "attachments": [], "title": None}, measures=[])
    assert [section.number for section in letter.sections] == [str(place) for place, _ in enumerate(letter.sections, 1)]
    assert all(field.lines and all(field.lines) for section in letter.sections for field in section.fields)
    printed = json.dumps(printing.as_json(letter), ensure_ascii=False)
    assert not any(
        word in printed for words in (read("phrases")["to_complete"], read("phrases")["none"]) for word in words.values()
    )


def test_a_letter_states_its_assurances_and_the_article_of_each_measure():
    measures = [{"code": "hearing", "state": "pending", "asked": {}, "article": "UNTOC Art. 18(3)(a)"}]
    letter = filled("mla_letter", content={"assurances": ["speciality"], "assurances_text": "No lethal use."}, measures=measures)
    lines = [line for section in letter.sections for field in section.fields for line in field.lines]
    assert {"UNTOC Art. 18(3)(a)", "No lethal use.", read("phrases")["assurance_speciality"]["en"]} <= set(lines)


def test_an_earlier_request_is_named_by_its_relation():
    document = filled("preservation", previous={"relation": "extension", "request_id": "r-1", "reference": "OWL/9"})
    assert said(document, "3") == ["Extension of an earlier request", "OWL/9"]
    after = filled("subscriber_information", previous={"relation": "after_preservation", "request_id": "r-1"})
    assert (said(after, "9"), said(after, "10")) == (["None"], ["r-1"])


def test_the_addressee_of_an_order_does_not_get_section_m():
    for printed in (printing.as_html(filled("epoc")), json.dumps(printing.as_json(filled("epoc")))):
        assert "NECESSITY-HERON" not in printed
    assert said(filled("epoc", to_addressee=False), "M", "Necessity") == ["NECESSITY-HERON"]


@pytest.mark.parametrize(
    ("more", "place"),
    [({"urgency": "emergency"}, 2), ({"urgency": "urgent"}, 0), ({"urgency": "routine", "enforcing_authority": "a"}, 1)],
)
def test_an_order_ticks_one_deadline(more, place):
    ticks = said(filled("epoc", **more), "C")[:3]
    assert [tick[0] for tick in ticks].index("☒") == place
    assert [tick[0] for tick in ticks].count("☒") == 1


def measure(code, **asked):
    return {"code": code, "state": "pending", "asked": asked}


BOXES = [
    (measure("information_held"), ["which is already in the possession of the executing authority"]),
    (measure("information_held", details={"held_in": "databases"}), ["contained in databases"]),
    (measure("hearing", persons=["P2"]), ["Hearing", "witness"]),
    (measure("identification"), ["Identification of persons holding a subscription"]),
    (measure("subscriber", identifiers=[{"kind": "phone", "value": "+3311111111"}]), ["Identification of persons holding"]),
    (measure("subscriber", identifiers=[{"kind": "email", "value": "h@heron.example"}]), []),
    (measure("transfer_of_prisoner", details={"direction": "to_executing_state"}), ["custody to the executing State"]),
    (measure("video_hearing", persons=["P1"]), ["Hearing by videoconference", "suspected or accused person"]),
    (measure("video_hearing", persons=["P2"], details={"means": "telephone"}), ["Hearing by telephone conference", "witness"]),
    (measure("banking", details={"banking": ["transactions"]}), ["Information on banking and other financial transactions"]),
    (measure("bank_monitoring"), ["evidence in real time", "monitoring of banking"]),
    (measure("controlled_delivery"), ["evidence in real time", "controlled deliveries"]),
    (measure("covert"), ["Covert investigation"]),
    (measure("freezing"), ["Provisional measure"]),
    (measure("interception"), ["Interception of telecommunications"]),
    (measure("search_seizure"), []),
]


@pytest.mark.parametrize(("asked", "wanted"), BOXES)
def test_section_c_ticks_its_own_categories_by_what_is_asked_for(asked, wanted):
    ticked = [line.strip() for line in said(filled(measures=[asked]), "C") if line.strip().startswith("☒")]
    assert len(ticked) == len(wanted)
    assert all(words in line for words, line in zip(wanted, ticked, strict=True))


@pytest.mark.parametrize(("years", "ticked"), [(2.9, 0), (3, 1), (None, 0)])
def test_a_listed_offence_is_ticked_from_three_years_on(years, ticked):
    offence = {"national_article": "1", "label": "x", "listed": "child_sexual_exploitation", "max_penalty_years": years}
    for kind, number in (("eio", "G"), ("epoc", "M"), ("eaw", "e")):
        lines = said(filled(kind, to_addressee=False, content={"offences": [offence]}), number)
        boxes = [line for line in lines if line[0] in "☒☐"]
        assert (len(boxes), sum(line.startswith("☒ Sexual exploitation") for line in boxes)) == (32, ticked)


def test_those_heard_at_a_distance_are_ticked_under_the_means_of_the_hearing():
    for means, place in (("videoconference", 1), ("telephone", 2)):
        lines = said(filled(measures=[measure("video_hearing", persons=["P1"], details={"means": means})]), "C")
        hearings = [at for at, line in enumerate(lines) if line[2:].startswith("Hearing")]
        (ticked,) = [at for at, line in enumerate(lines) if line.strip() == "☒ suspected or accused person"]
        assert max(at for at in hearings if at < ticked) == hearings[place]
        assert lines[hearings[place]].startswith("☒")


def test_a_colon_is_set_as_the_language_sets_it():
    french = filled("epoc", "fr")
    assert said(french, "E", "Identifiants")[0].startswith("Adresse IP\u00a0: 203.0.113.7")
    assert "Référence\u00a0: <strong" in printing.as_html(french)
    assert printing.content(french, lambda _: True)["head"][0]["label"] == "Référence\u00a0: "
    assert said(filled("epoc"), "E", "Identifiers")[0].startswith("IP address: 203.0.113.7")


def test_the_authorisation_of_an_investigation_order_does_not_stand_below_its_last_offence():
    order = filled(content={"authorisation": {"authority": "Examining judge", "date": "2026-11-20"}})
    (grounds,) = [section for section in order.sections if section.number == "G"]
    labels = [field.label for field in grounds.fields]
    assert labels.index("Authorised by") < labels.index("Offence")


POLICE = {"name": "Police Nationale", "type": "police_unit", "country": "FR"}


def test_section_l_is_signed_and_dated_only_if_somebody_else_validated():
    assert said(filled(), "L") == ["Not applicable"]
    assert said(filled(), "K", "Date") == ["2026-11-20"]
    police = filled(requesting=POLICE, content={"court": "Tribunal de Lyon"})
    assert said(police, "L", "Date") == ["2026-11-20"]
    assert said(police, "L", "Validating authority") == ["Tribunal de Lyon"]
    assert said(police, "K", "Type of issuing authority")[1].startswith("☒")
    assert said(police, "K", "Date")[0].startswith("____")


def test_section_h_has_a_part_for_each_measure_that_needs_one():
    details = {"relevance": "The payments lead to the buyer.", "banking": ["accounts"]}
    document = filled(measures=[measure("banking", details=details), measure("hearing")])
    assert said(document, "H", "Reasons why the measure is relevant") == ["The payments lead to the buyer."]
    assert [field.label[:2] for field in next(s for s in document.sections if s.number == "H").fields if field.opens] == ["H4"]
    assert said(filled(measures=[measure("hearing")]), "H") == ["Not applicable"]


def test_section_b_ticks_why_it_is_urgent():
    assert not any(line.startswith("☒") for line in said(filled(), "B"))
    assert said(filled(urgency="urgent"), "B")[2].startswith("☒ Any other reason")
    trial = filled(urgency="urgent", content={"urgency_grounds": ["trial_date"]})
    assert [line[0] for line in said(trial, "B")[:3]] == ["☐", "☒", "☐"]


def test_an_order_ticks_its_conditions_and_who_issued_and_validated_it_by_the_data():
    traffic = measure("traffic", identifiers=[{"kind": "ip", "value": "203.0.113.7"}], data_categories=["traffic"])
    offence = {**CONTENT["offences"][0], "union_offence": "child_sexual_abuse", "by_information_system": True}
    order = filled("epoc", measures=[traffic], content={"offences": [offence]})
    ticked = {number: [line for line in said(order, number) if line.startswith("☒")] for number in "EFGIJ"}
    assert [len(lines) for lines in ticked.values()] == [1, 1, 3, 1, 1]
    assert "2011/93/EU" in ticked["G"][2]
    assert ticked["I"] == ["☒ public prosecutor"]
    assert ticked["J"] == ["☒ judge, court or investigating judge"]
    offline = filled("epoc", measures=[traffic], content={"offences": [{**offence, "by_information_system": False}]})
    assert sum(line.startswith("☒") for line in said(offline, "G")) == 2
    terrorism = filled("epoc", measures=[traffic], content={"offences": [{**CONTENT["offences"][0], "union_offence": "terrorism"}]})
    assert "2017/541" in next(line for line in said(terrorism, "G")[::-1] if line.startswith("☒"))
    harmless = filled("epoc", measures=[measure("subscriber", identifiers=[{"kind": "email", "value": "h@heron.example"}])])
    assert said(harmless, "J") == ["Not applicable"]
    assert not any("three years" in line for line in said(harmless, "G"))
    sentence = filled("epoc", content={"sentence": {"months": 6, "absconded": True}})
    assert [line[0] for line in said(sentence, "G")[:2]] == ["☐", "☒"]


def test_an_order_that_is_validated_later_says_so():
    urgent = {"urgency": "emergency", "emergency_ground": "imminent_threat_to_life", "requesting": POLICE, "validated_at": None}
    assert any("within 48 hours" in line for line in said(filled("epoc", **urgent), "I"))
    assert not any("48 hours" in line for line in said(filled("epoc"), "I"))


def test_an_arrest_warrant_asks_about_the_trial_only_after_a_judgment():
    assert said(filled("eaw", content={"warrant": {"decision": "arrest_warrant"}}), "d") == ["Not applicable"]
    judged = {"decision": "judgment", "appearance": "represented", "remaining_months": 14, "seizure": ["evidence"]}
    warrant = filled("eaw", content={"warrant": judged, "sentence": {"months": 20}})
    assert [line.strip()[2:5] for line in said(warrant, "d") if line.strip().startswith("☒")] == ["No,", "3.2"]
    assert said(warrant, "c")[-2:] == ["20", "14"]
    assert sum(line.startswith("☒") for line in said(warrant, "g")) == 1


def test_a_receipt_names_who_received_the_order_and_to_whom_it_was_forwarded():
    forwarded = filled(form="eio_b", forwarding={"name": "Ministry", "at": "2026-11-22T09:00:00+00:00"}, remarks="In December.")
    assert said(forwarded, "B", "Authority") == ["Ministry"]
    assert said(forwarded, "C") == ["Εισαγγελία Αθηνών", "2026-11-22"]
    assert said(forwarded, "D") == ["In December."]
    direct = filled(form="eio_b")
    assert (said(direct, "B", "Authority"), said(direct, "C")) == (["Εισαγγελία Αθηνών"], ["Not applicable"])


def test_a_receipt_needs_a_request_that_was_received():
    with pytest.raises(forms.FormTooEarly):
        filled("eio", form="eio_b", received_at=None)
    with pytest.raises(forms.NoSuchForm):
        filled("preservation", form="eio_a")


@pytest.mark.parametrize(("language", "word"), [("en", "DRAFT"), ("fr", "PROJET"), ("es", "BORRADOR"), ("pt", "RASCUNHO")])
def test_what_is_not_validated_is_marked(language, word):
    document = filled("eio", language, state="validation_pending")
    assert word in printing.as_html(document)
    assert word in text_of(printing.as_pdf(document, AT))
    assert filled("eio", language, state="ready").mark == ""


def test_the_pdf_is_pdf_a_and_dated_by_the_clock():
    pdf = printing.as_pdf(filled("eio"), AT)
    assert re.search(rb"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>", pdf)
    assert b"2026-11-25T09:00:00" in pdf
    assert printing.as_pdf(filled("eio"), AT) == pdf


def test_every_form_is_pdf_a_by_the_validator_of_its_makers(tmp_path):
    languages = dict(zip(NUMBERS, cycle(LANGUAGES), strict=False))
    for form, language in languages.items():
        document = filled(NUMBERS[form][0], language, form, state="draft")
        (tmp_path / f"{form}.pdf").write_bytes(printing.as_pdf(document, AT))
    (tmp_path / "plain.typ").write_text("Not an archive.")
    (tmp_path / "plain.pdf").write_bytes(typst.require().compile(tmp_path / "plain.typ"))
    *of_forms, of_plain = verapdf.broken([*(tmp_path / f"{form}.pdf" for form in NUMBERS), tmp_path / "plain.pdf"])
    assert {form: found for form, found in zip(NUMBERS, of_forms, strict=True) if found} == {}
    assert "6.6.4" in {clause for clause, _ in of_plain}  # it does not say that it is PDF/A


def test_the_place_to_sign_stays_with_the_name_of_who_signs():
    certified = {"name": "A. Wren", "post": "Prosecutor", "signature_type": "handwritten"}
    for lines in range(30, 60):
        content = {"facts": "\n".join("A line." for _ in range(lines)), "certification": certified}
        pages = PdfReader(io.BytesIO(printing.as_pdf(filled("spontaneous_information", content=content), AT))).pages
        (page,) = [text for text in (page.extract_text() for page in pages) if "____" in text]
        assert "A. Wren" in page


def test_a_list_of_boxes_stays_on_one_page():
    for lines in (1, 12, 30):
        pdf = printing.as_pdf(filled("eaw", content={"facts": "\n".join("A line." for _ in range(lines))}), AT)
        pages = [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]
        assert [("Trafficking in human beings" in text) for text in pages] == [("Sabotage" in text) for text in pages]


def test_greek_cyrillic_and_arabic_names_are_in_the_pdf():
    text = text_of(printing.as_pdf(filled("eio"), AT))
    assert HERON in text
    assert EGRET in text
    arabic = {char for char in text if "\u0600" <= char <= "\u06ff" or "\ufb50" <= char <= "\ufeff"}
    assert len(arabic) >= 5
    fonts = {str(font["/BaseFont"]) for page in PdfReader(io.BytesIO(printing.as_pdf(filled("eio"), AT))).pages
             for font in (one.get_object() for one in page["/Resources"]["/Font"].values())}  # fmt: skip
    assert any("NotoNaskhArabic" in name for name in fonts)


@pytest.mark.parametrize(
    ("line", "way"),
    [("Heron", "ltr"), (ARABIC, "rtl"), (f"{ARABIC} Heron", "rtl"), (f"Heron {ARABIC}", "ltr"), ("42", "ltr"), ("חסידה", "rtl")],
)
def test_a_line_runs_as_its_first_letter_does(line, way):
    assert printing.direction(line) == way


HOSTILE = [
    '#panic("no") #{1 + 1} $x^2$ *b* _i_ = h @ref <label> `raw` // c',
    '#read("/etc/passwd") #include "/etc/passwd" #import "@preview/x:1.0.0"',
    "<script>alert(1)</script> <img src=x onerror=alert(1)> &amp; {{ 7 * 7 }}",
    '"], "mark": "x"',
    "\\u{41} \\ [x](y) ~ ---",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_somebody_wrote_stays_text(text):
    document = filled(
        "eio", reference=text[:100], content={"facts": text, "persons": [{"ref": "P1", "role": "victim", "name": text}]}
    )
    assert letters(text) in letters(text_of(printing.as_pdf(document, AT)))
    html = printing.as_html(document)
    assert "<script" not in html
    assert "<img" not in html
    assert re.sub(r"[<&\"']", "", text) == "" or text not in html or not set(text) & set('<&"')


@pytest.mark.parametrize(
    "text",
    [
        "W" * 8000,
        "مالك" * 2000,
        "ab" * 32 + " " + "word " * 1500,
        "中文名 日本 한국 😀 \U00012345",
        "א\u0650 ب\u0301 e\u0301\u0302\u0303 \u093f\u0301 ก",
        "a\u202eexe.gnp \u2066x \x07 \ufeff \ue000 \ufffd",
        "\n".join("#{" for _ in range(4000)),
    ],
    ids=["long word", "long arabic", "long text", "no font", "odd marks", "controls", "many lines"],
)
def test_odd_and_long_text_is_printed_at_a_cost_like_that_of_usual_text(text):
    _, usual = printed(f"{uuid4()} " + "A usual sentence of a few words. " * 250)
    pdf, seconds = printed(text)
    assert seconds < 50 * usual
    assert b"<pdfaid:part>2" in pdf


def printed(text):
    """A request with this text as a PDF, and the CPU seconds that it took to write it in both formats."""
    before = time.process_time()
    pdf = printing.as_pdf(filled("preservation", content={"facts": text}), AT)
    printing.as_html(filled("preservation", content={"facts": text}))
    return pdf, time.process_time() - before


def test_a_character_without_a_font_stands_as_its_code_point_and_the_reader_is_told():
    document = filled("spontaneous_information", content={"information": "中 Heron"})
    text = text_of(printing.as_pdf(document, AT))
    assert "[U+4E2D] Heron" in text
    assert "their Unicode code points" in text
    assert "中 Heron" in printing.as_html(document)
    assert "code points" not in text_of(printing.as_pdf(filled("spontaneous_information"), AT))


def test_the_fonts_have_what_they_are_said_to_have():
    points = sorted(point for point in typst.coverage() if chr(point).isprintable())
    shown = "\n".join(" ".join(map(chr, points[at : at + 60])) for at in range(0, len(points), 60))
    document = filled("spontaneous_information", content={"information": shown})
    template = printing._TEMPLATES / "request.typ"
    (made,) = typst.compiled(typst.library, template, printing.content(document, typst.covered), AT)
    assert made.startswith(b"%PDF-")


def test_no_character_turns_the_words_around_it():
    document = filled("spontaneous_information", content={"information": "gnp\u202eexe.\u2066x\x00y"})
    assert said(document, "5", "Information") == ["gnpexe.xy"]


def test_without_typst_the_pdf_is_not_available_and_the_rest_is(monkeypatch):
    monkeypatch.setattr(typst, "library", None)
    with pytest.raises(typst.PdfNotInstalled):
        printing.as_pdf(filled("eio"), AT)
    assert "Parquet de Lyon" in printing.as_html(filled("eio"))


def test_a_document_is_read_over_http_in_three_formats(world):
    request = world.once(draft, kind="eio", reference="HERON/1")
    me = world.as_("prosecutor")
    data = me.get(f"/mla-requests/{request}/document?language=pt")
    html = me.get(f"/mla-requests/{request}/document?format=html")
    pdf = me.get(f"/mla-requests/{request}/document?format=pdf&language=fr")

    assert (data.json["language"], data.json["mark"], data.json["sections"][0]["number"]) == ("pt", "RASCUNHO", "A")
    assert data.json["sections"][0]["fields"][0]["lines"] == ["Países Baixos"]
    assert (html.status_code, html.content_type) == (200, "text/html; charset=utf-8")
    assert "script-src" not in html.headers["Content-Security-Policy"]
    assert html.headers["Cache-Control"] == "no-store"
    assert "DRAFT" in html.text
    assert (pdf.content_type, pdf.data[:5]) == ("application/pdf", b"%PDF-")
    assert request in pdf.headers["Content-Disposition"]


def test_a_form_of_another_kind_or_of_a_later_moment_is_refused_over_http(world):
    request = world.once(draft, kind="eio")
    me = world.as_("prosecutor")
    assert me.get(f"/mla-requests/{request}/document?form=epoc").status_code == 422
    assert me.get(f"/mla-requests/{request}/document?form=eio_b").status_code == 409
    assert me.get(f"/mla-requests/{request}/document?language=de").status_code == 422


def test_the_receipt_is_there_for_both_sides_once_it_was_received(world):
    request = world.once(draft, kind="eio")
    walk(world, request, ("prosecutor", "ready"), ("prosecutor", "transmit", {"transmission": SENT}), ("prosecutor_fr", "receive"))
    for who in ("prosecutor", "prosecutor_fr"):
        receipt = world.as_(who).get(f"/mla-requests/{request}/document?form=eio_b")
        assert receipt.json["mark"] == ""
        assert [section["number"] for section in receipt.json["sections"]] == list("ABCDE")


def test_the_whole_is_for_the_side_that_asks(world):
    request = world.once(draft, kind="eio")
    walk(world, request, ("prosecutor", "ready"), ("prosecutor", "transmit", {"transmission": SENT}))
    assert world.as_("prosecutor").get(f"/mla-requests/{request}/document?whole=true").status_code == 200
    assert world.as_("prosecutor_fr").get(f"/mla-requests/{request}/document").status_code == 200
    assert world.as_("prosecutor_fr").get(f"/mla-requests/{request}/document?whole=true").status_code == 403


def test_both_sides_print_the_reply_after_a_refusal_and_not_before(world):
    request = draft(world)
    walk(world, request, ("prosecutor", "ready"), ("prosecutor", "transmit", {"transmission": SENT}))
    walk(world, request, ("prosecutor_fr", "receive"), ("prosecutor_fr", "acknowledge"))
    path = f"/mla-requests/{request}/document?form=reply&language=en"
    assert world.as_("prosecutor").get(path).status_code == 409
    said_why = {"reason": "The person was acquitted here.", "legal_remedy": "Appeal within ten days to the Court of Appeal."}
    walk(world, request, ("prosecutor_fr", "refuse", {"grounds": ["eio_ne_bis_in_idem"], **said_why}))
    for who in ("prosecutor", "prosecutor_fr"):
        printed = world.as_(who).get(path).json
        (decision,) = [one for one in printed["sections"] if one["number"] == "3"]
        lines = [line for field in decision["fields"] for line in field["lines"]]
        assert set(said_why.values()) <= set(lines)
        assert "official form" not in " ".join(printed["notes"])
    (told,) = [
        one for one in world.as_("prosecutor").get(f"/mla-requests/{request}/messages").json["items"] if one["act"] == "refuse"
    ]
    assert told["legal_remedy"] == said_why["legal_remedy"]
