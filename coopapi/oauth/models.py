"""The table of client assertions that were already used."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from coopapi.store.rows import Row


class UsedAssertion(Row):
    """A client assertion that was exchanged for a token. It is not accepted again (RFC 7523, 3)."""

    __tablename__ = "used_assertions"

    client_id: Mapped[UUID] = mapped_column(primary_key=True)
    jti: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column()
