"""Why identifiers are not registered: the errors, and the marks of single items that are refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from coopapi.errors import Conflict, Unprocessable, broken

MOST_PERSONS: Final = 50


class ImpossibleIdentifiers(Unprocessable):
    """Some of the identifiers are not valid or may not be stored, so none was registered.

    Correct or remove the items that `errors` points to, and send the list again.
    """


class TooManyPersons(Unprocessable):
    """A request may contain at most 50 persons, because each is compared with all similar persons.

    Send the remaining persons in further requests, starting with the person that `errors` points to.
    """


class HeldAlready(Conflict):
    """The case already has this identifier.

    Use the identifier that `existing` names.
    """


class ImpossibleIdentifier(Unprocessable):
    """The identifier is not valid or may not be stored. The others of the request are not affected.

    Correct the fields that `errors` points to, and send this identifier again.
    """


@dataclass(frozen=True, slots=True)
class Refused:
    """An item that is not stored, with its faults as in a problem document."""

    faults: Sequence[dict[str, Any]]


def refuse_many_persons(items: Sequence[Mapping[str, Any] | Refused]) -> None:
    """Raise `TooManyPersons` if a request has more persons than may be compared at once."""
    persons = [index for index, item in enumerate(items) if not isinstance(item, Refused) and item["kind"] == "person"]
    if len(persons) > MOST_PERSONS:
        pointer = f"/identifiers/{persons[MOST_PERSONS]}"
        raise TooManyPersons(
            errors=[
                broken(
                    pointer,
                    "persons",
                    f"The request may contain only {MOST_PERSONS} persons; this is the first one beyond the limit.",
                )
            ]
        )
