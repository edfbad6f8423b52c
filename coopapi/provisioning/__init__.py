"""Bringing a database to the present state: migrations, SQL rules, checks, and an embedded PostgreSQL for demos and tests."""
