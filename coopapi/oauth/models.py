"""The keys that sign our tokens, and the assertions that were used already."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from coopapi.db import Row


class SigningKey(Row):
    """A key of ours: the public half for everybody, the private half wrapped (R19)."""

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(primary_key=True)
    public_jwk: Mapped[dict[str, Any]] = mapped_column()
    wrapped: Mapped[bytes] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()
    retired_at: Mapped[datetime | None] = mapped_column()


class UsedAssertion(Row):
    """A client assertion that bought a token: it buys no second one (RFC 7523, 3)."""

    __tablename__ = "used_assertions"

    client_id: Mapped[UUID] = mapped_column(primary_key=True)
    jti: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column()
