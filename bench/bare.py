"""A bare Flask view with one SELECT by primary key: the limit that other speeds are compared with."""

import os
from typing import Any

import psycopg2.pool
from flask import Flask, g

app = Flask(__name__)
pool = psycopg2.pool.ThreadedConnectionPool(4, 8, os.environ["BARE_DATABASE_URL"])


@app.get("/<int:key>")
def one(key: int) -> dict[str, Any]:
    """Return one row."""
    g.connection = pool.getconn()
    with g.connection, g.connection.cursor() as cursor:
        cursor.execute("select id, name, at from bare where id = %s", (key,))
        row = cursor.fetchone()
    pool.putconn(g.connection)
    return {"id": row[0], "name": row[1], "at": row[2].isoformat()}
