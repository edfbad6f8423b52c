"""What requests must state and should state, with the article, for drafts that were never stored."""

from dataclasses import replace
from datetime import date

import pytest

from coopapi.mla import form_requirements, protection
from coopapi.mla.requirements import RequestDraft, unmet

TODAY = date(2026, 11, 30)
DRAFT = RequestDraft("eaw", "eaw", "routine", {}, [{"code": "hearing"}], addressed=True, provider=False, from_country="NL")
WARRANT = {
    "contact": {"office": "Heron"},
    "persons": [{"ref": "S1", "role": "suspect", "name": "The Heron"}],
    "warrant": {"decision": "arrest_warrant", "decision_reference": "26/441"},
    "offences": [{"national_article": "240b Sr"}],
    "facts": "The Heron fished.",
}
UNNAMED = [{"ref": "S1", "role": "suspect"}, {"ref": "V1", "role": "victim", "name": "The Carp"}]


def missing(**content):
    return {rule.point.pointer: rule.point for rule in unmet(replace(DRAFT, content={**WARRANT, **content}), advised=False)}


@pytest.mark.parametrize(
    ("content", "pointers"),
    [
        ({}, set()),
        ({"warrant": {"seizure": ["evidence"]}}, {"/content/warrant/decision", "/content/warrant/decision_reference"}),
        ({"warrant": {"decision": "judgment"}}, {"/content/warrant/decision_reference"}),
        ({"persons": UNNAMED}, {"/content/persons"}),
        ({"persons": [{"ref": "S1", "role": "convicted", "name": "The Heron"}]}, set()),
        ({"offences": [], "facts": ""}, {"/content/offences", "/content/facts"}),
    ],
)
def test_a_warrant_needs_a_decision_its_reference_and_somebody_to_arrest(content, pointers):
    found = missing(**content)
    assert found.keys() == pointers
    assert all(point.verify and "2002/584/JHA Art. 8(1)" in point.article for point in found.values())


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("eio", "Directive 2014/41/EU Art. 11(1)(g)"),
        ("epoc", "Regulation (EU) 2023/1543 Art. 12(1)(d), Annex IV"),
        ("eaw", "Framework Decision 2002/584/JHA Art. 2(2)"),
        ("epoc_pr", None),
        ("mla_letter", None),
    ],
)
def test_each_kind_of_request_has_its_own_list_of_offences(kind, source):
    offences = [{"list_offence": True}, {"list_offence": True, "listed": "terrorism"}, {}]
    found = list(form_requirements.advised(replace(DRAFT, kind=kind, content={"offences": offences}, measures=[])))
    wanted = ("/content/offences/0/listed", source, kind != "eaw")
    assert [(one.pointer, one.article, one.verify) for one in found] == [wanted] * bool(source)


def test_a_request_for_subscriber_information_should_name_its_legal_basis():
    draft = replace(DRAFT, kind="subscriber_information")
    assert "/content/domestic_legal_basis" in {rule.pointer for rule in unmet(draft, advised=True)}
    said = replace(draft, content={"domestic_legal_basis": "Section 5"})
    assert "/content/domestic_legal_basis" not in {rule.pointer for rule in unmet(said, advised=True)}


SAFEGUARDS = {"assisted_by", "holder_informed", "individual_assessment", "recorded"}


@pytest.mark.parametrize(("country", "bound"), [("NL", True), ("DK", False), ("IE", False), ("GB", False), (None, False)])
def test_the_directive_on_child_suspects_is_demanded_of_the_states_that_it_binds(country, bound):
    persons = [{"ref": "S1", "role": "suspect", "age_status": "child"}]
    draft = replace(DRAFT, content={"persons": persons}, from_country=country)
    demanded, advised = list(protection.missing(draft, TODAY)), list(protection.advised(draft, TODAY))
    assert {point.rule for point in demanded} == (SAFEGUARDS if bound else set())
    assert {point.rule for point in advised} == (set() if bound else SAFEGUARDS)
    assert all(point.article.startswith("Directive (EU) 2016/800") and not point.verify for point in demanded)
    assert all("2016/800" not in point.article and not point.verify for point in advised)


def test_a_child_that_is_a_victim_is_protected_whichever_state_asks():
    persons = [{"ref": "V1", "role": "victim", "age_status": "child"}]
    asked = [{one.rule for one in protection.missing(replace(DRAFT, content={"persons": persons}, from_country=c), TODAY)}
             for c in ("NL", "GB")]  # fmt: skip
    assert asked[0] == asked[1] != set()
