"""The messages as they are sent: a fixed text for each kind and language, and headers without anything personal."""

import base64
import json
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from coopapi.config import Settings
from coopapi.store.crypto import Keyring

_CODE: Final = 10
"""The length of a code in bytes: too long to be guessed."""


@cache
def _texts() -> dict[str, dict[str, dict[str, str]]]:
    found: dict[str, Any] = json.loads((files(__package__) / "data" / "texts.json").read_text("utf-8"))
    return found


def languages() -> list[str]:
    """Return the languages in which there are texts."""
    return list(_texts())


def code_of(keys: Keyring, address_id: UUID) -> str:
    """Return the code that is sent to an address to confirm it. It is computed anew each time, and stored nowhere."""
    text = base64.b32encode(keys.mac("mail-codes", address_id.bytes)[:_CODE]).decode().lower()
    return "-".join(text[place : place + 4] for place in range(0, len(text), 4))


def message(settings: Settings, mail: Any, address: str, code: str, at: datetime) -> EmailMessage:
    """Build one mail. It depends on its kind, the language and, for a code, on that; never on what is new."""
    text = _texts()[mail.language][mail.kind]
    made = EmailMessage(policy=SMTP)
    made["From"] = str(settings.smtp_from)
    made["To"] = address
    made["Subject"] = text["subject"]
    made["Date"] = at
    made["Message-ID"] = f"<{mail.id}@{urlsplit(settings.base_url).hostname}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(text["body"].format(link=settings.base_url, code=code), cte="quoted-printable")
    made["Content-Language"] = mail.language
    return made
