"""What is kept of where values come from: versions, never overwritten, by the value's key and never by the value."""

from __future__ import annotations

from sqlalchemy import Column, Integer, LargeBinary, Table, Text

from policy_gateway.store import Instant, metadata

versions = Table(
    "provenance_versions",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("connection", Text, primary_key=True),
    Column("resource", Text, primary_key=True),
    Column("record", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("value_key", LargeBinary, nullable=False),
    Column("envelope", Text, nullable=False, comment="JSON, parts by name"),
    Column("editor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("edited_at", Instant, nullable=False),
)

defaults = Table(
    "provenance_defaults",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("connection", Text, primary_key=True),
    Column("resource", Text, primary_key=True),
    Column("path", Text, primary_key=True, comment="* for all paths"),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("envelope", Text, nullable=False, comment="JSON, parts by name"),
    Column("editor", Text, nullable=False),
    Column("edited_at", Instant, nullable=False),
)
