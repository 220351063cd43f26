"""What is kept of identities: never a secret, only its keyed hash."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Table, Text

from policy_gateway.store import Instant, metadata

keys = Table(
    "identity_keys",
    metadata,
    Column("prefix", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False, comment="HMAC-SHA-256 of the whole key"),
    Column("tenant", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("purposes", Text, nullable=False, comment="names, sorted, with spaces between them"),
    Column("scopes", Text, nullable=False),
    Column("acting_for", Text, nullable=False, comment="principals, nearest first"),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Index("ix_identity_keys_principal", "tenant", "principal"),
)

memberships = Table(
    "identity_memberships",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("principal", Text, primary_key=True),
    Column("name", Text, primary_key=True, comment="team:berlin, or a role"),
    sqlite_with_rowid=False,
)

attributes = Table(
    "identity_attributes",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("principal", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)
