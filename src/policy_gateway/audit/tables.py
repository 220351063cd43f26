"""What the journal keeps. Entries are only ever added; what must be erasable is kept beside them, not in them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text

from policy_gateway.store import metadata

entries = Table(
    "audit_entries",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("correlation", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("time", BigInteger, nullable=False, comment="milliseconds since 1970 UTC"),
    Column("entry", LargeBinary, nullable=False, comment="canonical bytes, RFC 8785"),
    Column("leaf", LargeBinary, nullable=False, comment="SHA-256(0x00 || entry), RFC 6962"),
    Index("ix_audit_entries_correlation", "tenant", "correlation"),
)

pseudonyms = Table(
    "audit_pseudonyms",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("name", Text, primary_key=True, comment="a principal's id, or [connection, resource, record id] as JSON"),
    Column("pseudonym", Text, nullable=False),
    Index("ix_audit_pseudonyms_pseudonym", "tenant", "pseudonym", unique=True),
    sqlite_with_rowid=False,
)

remarks = Table(
    "audit_remarks",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("correlation", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False, comment="nonce and AES-256-GCM of salt and text"),
    sqlite_with_rowid=False,
)
