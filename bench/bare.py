"""Bare Flask views that select one row by its key or insert one: the limit that other speeds are compared with."""

import os
from typing import Any

import psycopg2.pool
from flask import Flask, g
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = Flask(__name__)
pool = psycopg2.pool.ThreadedConnectionPool(4, 8, os.environ["BARE_DATABASE_URL"])
engine = create_engine(os.environ["BARE_DATABASE_URL"].replace("postgresql://", "postgresql+psycopg2://"), pool_size=8)


class Base(DeclarativeBase):
    """Base class of the only table."""


class Made(Base):
    """A row that a view inserted."""

    __tablename__ = "bare_made"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


@app.get("/<int:key>")
def one(key: int) -> dict[str, Any]:
    """Return one row."""
    row = _run("select id, name, at from bare where id = %s", key)
    return {"id": row[0], "name": row[1], "at": row[2].isoformat()}


@app.post("/raw")
def insert_raw() -> tuple[dict[str, Any], int]:
    """Insert one row with SQL and commit."""
    return {"id": _run("insert into bare_made (name) values (%s) returning id", "a row")[0]}, 201


@app.post("/orm")
def insert_orm() -> tuple[dict[str, Any], int]:
    """Insert one row with the ORM and commit."""
    with Session(engine) as session, session.begin():
        row = Made(name="a row")
        session.add(row)
        session.flush()
        return {"id": row.id}, 201


def _run(statement: str, value: Any) -> Any:
    g.connection = pool.getconn()
    with g.connection, g.connection.cursor() as cursor:
        cursor.execute(statement, (value,))
        row = cursor.fetchone()
    pool.putconn(g.connection)
    return row
