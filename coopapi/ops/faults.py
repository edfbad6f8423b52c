"""How the command line reports exceptions in one line."""

from typing import Any, Final

import psycopg2
from alembic.util import CommandError
from click.exceptions import Abort
from sqlalchemy.exc import DBAPIError

from coopapi.config import BadSettings
from coopapi.errors import CoopError

REPORTED: Final = (Abort, BadSettings, DBAPIError, psycopg2.Error, CommandError, UnicodeEncodeError, OSError, CoopError)
"""Exceptions that are reported in one line. Any other is a programming error and shows a traceback."""


def reason(fault: Exception) -> tuple[int, str]:  # noqa: PLR0911 (one row for each kind of fault)
    """Return the exit status and the text for an exception."""
    match fault:
        case Abort():
            return 130, "stopped"
        case BadSettings():
            separator = "\n" if "\n" in str(fault) else " "
            return 2, f"{type(fault).__doc__}{separator}{fault}"
        case DBAPIError() | psycopg2.Error():
            return 1, _database_fault(fault)
        case CommandError():
            return 1, str(fault)
        case UnicodeEncodeError():
            return 1, "an argument is not valid UTF-8 text, or the locale cannot represent it"
        case OSError():
            return 1, f"{fault.strerror}: {fault.filename}"
        case _:
            return 1, f"{type(fault).__doc__} {getattr(fault, 'detail', '')}"


def _database_fault(fault: DBAPIError | psycopg2.Error) -> str:
    """Return the reason of a database error in one line, in the words of the server or of libpq, without any values.

    The server's message about a value that breaks a rule (classes 22 and 23) can contain the value, so only its kind is returned.
    """
    error: Any = fault.orig if isinstance(fault, DBAPIError) else fault
    code = error.pgcode
    if code is None:
        reasons = [line.strip() for line in str(error).splitlines() if line.strip() and not line.startswith("\t")]
        return f"no connection to the database: {'; '.join(reasons)}"
    kind = type(error).__name__
    reason = kind if code[:2] in {"22", "23"} else str(error.diag.message_primary).splitlines()[0]
    return f"the database refuses: {reason} (SQLSTATE {code}){_REMEDIES.get(code, '')}"


_REMEDIES: Final = {
    "42501": "; see COOPAPI_DATABASE_URL, or run coopapi migrate",
    **dict.fromkeys(("3F000", "42703", "42883", "42P01"), "; run coopapi migrate"),
}
"""What to do for each SQLSTATE, if the reason does not already say so."""
