"""The tables of this capability: connections, their sealed secrets, and which changes have been applied."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, LargeBinary, Table, Text

from policy_gateway.store import Instant, metadata

connections: Final = Table(
    "crm_connections",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("adapter", Text, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("options", Text, nullable=False),  # JSON, texts by name
    Column("version", BigInteger, nullable=False),  # never twice the same, also after the row was removed and added
)

connection_secrets: Final = Table(
    "crm_secrets",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("connection", Text, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),  # the connection's when the secret was sealed
    Column("sealed", LargeBinary, nullable=False),
)

idempotency: Final = Table(
    "crm_idempotency",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("principal", Text, primary_key=True),
    Column("key_hash", LargeBinary, primary_key=True),
    Column("request_hash", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),  # pending or done
    Column("record", Text),
    Column("claimed_at", Instant, nullable=False, index=True),
)
