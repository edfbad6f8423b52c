"""What the boxes of official forms are ticked by: facts that follow from a request, from its measures and from who issued it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from coopapi.mla import issuing
from coopapi.mla.issuing import COURTS, IssuingRule, Validator
from coopapi.mla.order_conditions import LEAST_YEARS, bears_as_listed

_LISTED_FROM: Final = 3
"""The years of the maximum penalty from which a listed offence is not tested for dual criminality (EIO Art. 11(1)(g))."""
_BOXES: Final[Mapping[str, tuple[str, ...]]] = {
    "identification": ("identification",),
    "hearing": ("hearing",),
    "bank_monitoring": ("real_time", "monitoring"),
    "controlled_delivery": ("real_time", "delivery"),
    "covert": ("covert",),
    "freezing": ("provisional",),
    "preservation": ("provisional",),
    "interception": ("interception",),
    "real_time_traffic": ("interception",),
}
"""The boxes of EIO Annex A section C that follow from the code of a measure alone."""
_DETAILED: Final[Mapping[str, tuple[str, str]]] = {
    "information_held": ("held_in", "authority_files"),
    "transfer_of_prisoner": ("direction", ""),
    "video_hearing": ("means", "videoconference"),
    "banking": ("banking", ""),
}
"""The measures whose box is named in `details`, and the one that is meant if nothing is said."""
_NUMBERS: Final = frozenset({"phone", "ip"})
_SOUGHT: Final = frozenset({"ip", "phone", "email", "imei", "mac"})
_ACCOUNTS: Final = frozenset(
    {"username", "platform_user_id", "telegram", "xmpp", "matrix", "signal", "whatsapp", "snapchat", "discord", "skype"}
)


def with_facts(view: Mapping[str, Any]) -> dict[str, Any]:
    """Return the view of a request with `facts`, and with the boxes of each measure in `boxes`."""
    content = view.get("content") or {}
    measures = [{**one, "boxes": list(_boxes(one, content))} for one in view["measures"]]
    sought = [{"code": one["code"], **one.get("asked", {})} for one in measures]
    data = {kind for one in sought for kind in issuing.data_of(one)}
    facts = {
        "boxes": [box for one in measures for box in one["boxes"]],
        "urgency": _urgency(view, content),
        "listed": _listed(content),
        "total": len(content.get("offences") or ()) or None,
        "unlisted": _unlisted(content),
        "data": sorted(data),
        "sought": sorted({_box_of_identifier(one) for measure in sought for one in measure.get("identifiers", ())}),
        "conditions": list(_conditions(content, data)),
        "issuer": _box_of_issuer(view),
        "send_to": _receiver(content),
        "recipient": _recipient(view, content),
        "legal_persons": [one for one in content.get("persons", ()) if one.get("legal_person")],
        **_signed(view, content, data),
    }
    return {**view, "measures": measures, "facts": facts}


def _boxes(measure: Mapping[str, Any], content: Mapping[str, Any]) -> Iterator[str]:
    """Yield the boxes of EIO Annex A section C for a measure."""
    code, asked = measure["code"], measure.get("asked") or {}
    details = asked.get("details") or {}
    yield from _BOXES.get(code, ())
    if code in _DETAILED:
        name, usual = _DETAILED[code]
        said = details.get(name) or usual
        yield from said if isinstance(said, list) else [said] * bool(said)
    if code == "subscriber" and {one.get("kind") for one in asked.get("identifiers", ())} <= _NUMBERS and asked.get("identifiers"):
        yield "identification"
    if code in {"hearing", "video_hearing"}:
        named = asked.get("persons")
        roles = {one["role"] for one in content.get("persons", ()) if not named or one["ref"] in named}
        heard = details.get("means", "videoconference") if code == "video_hearing" else code
        yield from sorted(f"{heard}_{role}" for role in roles)


def _urgency(view: Mapping[str, Any], content: Mapping[str, Any]) -> list[str]:
    """Return the boxes of EIO Annex A section B. What is urgent on no stated ground is so for another reason."""
    said: list[str] = content.get("urgency_grounds") or []
    return said or ["other"] * (view["urgency"] != "routine")


def _listed(content: Mapping[str, Any]) -> list[str]:
    """Return the listed offences with a maximum of at least three years."""
    return [one["listed"] for one in content.get("offences") or () if _is_listed(one)]


def _unlisted(content: Mapping[str, Any]) -> list[str]:
    """Return the offences that are not listed, or have a lower maximum: the arrest warrant names them apart (e)(II)."""
    offences = content.get("offences") or ()
    return [one.get("label") or one.get("national_article") or "" for one in offences if not _is_listed(one)]


def _is_listed(offence: Mapping[str, Any]) -> bool:
    """Tell whether an offence is listed and has a maximum of at least three years."""
    return bool(offence.get("listed")) and (offence.get("max_penalty_years") or 0) >= _LISTED_FROM


def _box_of_identifier(sought: Mapping[str, Any]) -> str:
    """Return the box of EPOC Annex I section E for an identifier."""
    kind = str(sought.get("kind", ""))
    return kind if kind in _SOUGHT else "account" if kind in _ACCOUNTS else "other"


def _conditions(content: Mapping[str, Any], data: set[str]) -> Iterator[str]:
    """Yield the boxes of EPOC Annex I section G: what the order serves, and why it may ask for traffic data and content."""
    yield "sentence" if content.get("sentence") else "criminal_proceedings"
    if not data & issuing.PROTECTED:
        return
    for offence in content.get("offences") or ():
        if (offence.get("max_penalty_years") or 0) >= LEAST_YEARS:
            yield "three_years"
        if bears_as_listed(offence):
            yield offence["union_offence"]


def _receiver(content: Mapping[str, Any]) -> str:
    """Return the box of EPOC Annex I section L: which authority the data go to."""
    order = content.get("order") or {}
    return order.get("send_to") or ("other" if order.get("recipient") else "issuing")


def _recipient(view: Mapping[str, Any], content: Mapping[str, Any]) -> str | None:
    """Return who is printed as the recipient of the data: whom the order names, or an office of the authority of the ticked box."""
    named = (content.get("order") or {}).get("recipient")
    match _receiver(content):
        case "issuing":
            return named or (content.get("contact") or {}).get("office") or (view.get("requesting") or {}).get("name")
        case "validating":
            return named or _validating(view, content)
    return named


def _box_of_issuer(view: Mapping[str, Any]) -> str:
    """Return the type of the issuing authority as forms have it: a judge, a prosecutor, or another one."""
    kind = (view.get("requesting") or {}).get("type")
    return "judge" if kind in COURTS else "prosecutor" if kind == "public_prosecutor" else "other"


def _signed(view: Mapping[str, Any], content: Mapping[str, Any], data: set[str]) -> dict[str, Any]:
    """Return who validated the request, if somebody other than the issuing authority did or has to, and which day each signed.

    What a court issues needs no validation (Regulation (EU) 2023/1543 Art. 4). Otherwise it was validated if another authority did
    so, or somebody in the issuing authority as what that authority is not: a judge if only a judge may order the data.
    """
    rule = issuing.rule_for(view["kind"], bool(data & issuing.PROTECTED))
    issuer, signed = _box_of_issuer(view), view.get("validated_at")
    if rule is None or issuer == "judge" or not _validated_apart(view, rule, issuer):
        return {"issued_on": signed or view.get("transmitted_at")}
    later = issuing.validated_later(rule, view["urgency"], view.get("emergency_ground")) and not signed
    return {
        "validation": True,
        "validated_on": signed,
        "validator": _box_of_validator(view, rule) if signed else None,
        "validating": _validating(view, content),
        "validated_later": later or None,
    }


def _validated_apart(view: Mapping[str, Any], rule: IssuingRule, issuer: str) -> bool:
    """Tell whether the validation is an act of its own beside the issuing, and is said in its own section."""
    suffices = rule.validator is Validator.PROSECUTOR and issuer == "prosecutor"
    return not suffices or bool((view.get("validating") or {}).get("another"))


def _box_of_validator(view: Mapping[str, Any], rule: IssuingRule) -> str | None:
    """Return as what the request was validated: by the type of the authority, and else by what the person was.

    Of requests that were validated before this was recorded, it is what the rule asks for, so that their forms stay the same.
    """
    validating = view.get("validating")
    if validating is None:
        return str(rule.validator)
    if validating["type"] in COURTS and validating["another"]:
        return "investigating_judge" if validating["type"] == "investigating_judge" else "judge"
    return validating["as"] if validating["as"] != Validator.NONE else None


def _validating(view: Mapping[str, Any], content: Mapping[str, Any]) -> str | None:
    """Return the validating authority: the court that the request names, or another authority than the issuing one."""
    validating = view.get("validating") or {}
    return content.get("court") or (validating["name"] if validating.get("another") else None)
