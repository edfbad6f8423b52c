"""Who may issue which request, and who must validate it: the rules, each with its article and the function that it asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from coopapi.access import Actor, Function, Role

E_EVIDENCE: Final = "Regulation (EU) 2023/1543"
EMERGENCY_GROUNDS: Final = frozenset(
    {
        "imminent_threat_to_life",
        "threat_to_physical_integrity",
        "threat_to_safety",
        "critical_infrastructure",
        "ongoing_child_abuse",
    }
)
"""The grounds that are an emergency under Art. 3(18) of the Regulation. Abuse that goes on threatens the integrity of a child."""
PROTECTED: Final = frozenset({"traffic", "content"})
"""The categories of data that only a judge orders, unless traffic data serve solely to identify the user (Art. 4(2), 5(4))."""
HARMLESS: Final = frozenset({"subscriber", "identify_user_only"})
_IDENTIFYING: Final[Mapping[str, str]] = {"subscriber": "subscriber", "identification": "identify_user_only"}
COURTS: Final = frozenset({"judge", "court", "investigating_judge"})
_JUDICIAL: Final = COURTS | {"public_prosecutor"}


class Validator(StrEnum):
    """Who must validate a request before it is sent. A judge is a person with the function `judge`."""

    NONE = "none"
    PROSECUTOR = "prosecutor"
    JUDGE = "judge"


@dataclass(frozen=True, slots=True)
class IssuingRule:
    """Who may issue requests of these kinds, or validates them if another authority issues them. `protected` is about the data."""

    kinds: tuple[str, ...]
    validator: Validator
    article: str
    verify: bool = False
    protected: bool = False
    later: str = ""
    """The article that allows validation after sending in an emergency; empty if none does."""


ISSUING: Final = (
    IssuingRule(("epoc",), Validator.JUDGE, f"{E_EVIDENCE} Art. 4(2)", protected=True),
    IssuingRule(("epoc",), Validator.PROSECUTOR, f"{E_EVIDENCE} Art. 4(1)", later=f"{E_EVIDENCE} Art. 4(5)"),
    IssuingRule(("epoc_pr",), Validator.PROSECUTOR, f"{E_EVIDENCE} Art. 4(3)", later=f"{E_EVIDENCE} Art. 4(5)"),
    IssuingRule(("eio",), Validator.PROSECUTOR, "Directive 2014/41/EU Art. 2(c)"),
    IssuingRule(("eaw",), Validator.PROSECUTOR, "Framework Decision 2002/584/JHA Art. 6(1)", verify=True),
    IssuingRule(("freezing_certificate",), Validator.PROSECUTOR, "Regulation (EU) 2018/1805 Art. 2(8)(a)"),
    IssuingRule(
        ("confiscation_certificate",), Validator.PROSECUTOR, "Regulation (EU) 2018/1805 Art. 2(8)(b); domestic law", verify=True
    ),
    IssuingRule(("production_order",), Validator.PROSECUTOR, "Budapest Convention Art. 15, 18(1)(b); domestic law", verify=True),
    IssuingRule(
        ("mla_letter", "subscriber_information", "extradition", "transfer_of_proceedings"),
        Validator.PROSECUTOR,
        "ETS 30 Art. 1(1), 24; domestic law",
        verify=True,
    ),
)
"""The first rule that fits holds. Kinds without a rule need no judge and no prosecutor."""


def judicial(kind: str) -> bool:
    """Tell whether requests of this kind are issued or validated by a judge or a prosecutor."""
    return any(kind in rule.kinds for rule in ISSUING)


def data_of(measure: Mapping[str, Any]) -> frozenset[str]:
    """Return the categories of data that a measure of an order asks for, whatever its code pretends.

    The code of a measure is not enough: subscriber data with the category `content` are content. Traffic data are not protected if
    they are asked for only to identify the user (Art. 3(10)).
    """
    code, named = measure["code"], frozenset(measure.get("data_categories", ()))
    if code == "content":
        return named | {"content"}
    if code == "traffic":
        return named if "identify_user_only" in named and named <= HARMLESS else named | {"traffic"}
    return named or frozenset({_IDENTIFYING[code]} if code in _IDENTIFYING else ())


def rule_for(kind: str, protected: bool) -> IssuingRule | None:  # noqa: FBT001 (the two say which data)
    """Return the rule for a kind of request, for protected data or not; None if anybody may issue it."""
    return next((rule for rule in ISSUING if kind in rule.kinds and (protected or not rule.protected)), None)


def may_validate(rule: IssuingRule, actor: Actor) -> bool:
    """Tell whether the caller may issue or validate by this rule. A machine never may."""
    if rule.validator is Validator.JUDGE:
        return actor.serves_as(Function.JUDGE)
    return actor.human and actor.role is Role.PROSECUTOR


def capacity(actor: Actor) -> Validator:
    """Return as what the caller validates a request: as a judge, as a prosecutor, or as none of them."""
    if actor.serves_as(Function.JUDGE):
        return Validator.JUDGE
    return Validator.PROSECUTOR if actor.human and actor.role is Role.PROSECUTOR else Validator.NONE


def needed(rule: IssuingRule | None, actor: Actor, authority_type: str | None) -> Validator:
    """Return who must validate a request that the caller would issue for an authority of this type.

    What a judge must order needs a person who is one; a court or a prosecution office issues everything else by itself.
    """
    if rule is None or may_validate(rule, actor):
        return Validator.NONE
    if rule.validator is Validator.PROSECUTOR and authority_type in _JUDICIAL:
        return Validator.NONE
    return rule.validator


def validated_later(rule: IssuingRule | None, urgency: str, ground: str | None) -> bool:
    """Tell whether an order may be sent before it is validated, within 48 hours (Art. 4(5)): never one for protected data."""
    return rule is not None and bool(rule.later) and urgency == "emergency" and ground in EMERGENCY_GROUNDS
