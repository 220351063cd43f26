"""What is kept of single records: by their place in a CRM, never with a value of theirs."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, Table, Text

from policy_gateway.store import Instant, metadata

standings = Table(
    "facts_standings",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("connection", Text, primary_key=True),
    Column("resource", Text, primary_key=True),
    Column("record", Text, primary_key=True),
    Column("restricted", Boolean, nullable=False),
    Column("erasure_pending", Boolean, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

attempts = Table(
    "facts_attempts",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("connection", Text, primary_key=True),
    Column("resource", Text, primary_key=True),
    Column("record", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("principal", Text, nullable=False),
    Column("interaction", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("matched", Boolean, nullable=False),
    Column("at", Instant, nullable=False, index=True),
)
