"""The journal, identities and provenance."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    _audit()
    _identity()
    _provenance()


def _audit() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("correlation", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("entry", sa.LargeBinary, nullable=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_audit_entries_correlation", "audit_entries", ["tenant", "correlation"])
    op.create_table(
        "audit_pseudonyms",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("pseudonym", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_audit_pseudonyms_pseudonym", "audit_pseudonyms", ["tenant", "pseudonym"], unique=True)
    op.create_table(
        "audit_remarks",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("correlation", sa.Text, primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )


def _identity() -> None:
    op.create_table(
        "identity_keys",
        sa.Column("prefix", sa.Text, primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("purposes", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("acting_for", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("revoked_at", sa.BigInteger),
    )
    op.create_index("ix_identity_keys_principal", "identity_keys", ["tenant", "principal"])
    op.create_table(
        "identity_memberships",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("principal", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "identity_attributes",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("principal", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )


def _provenance() -> None:
    op.create_table(
        "provenance_versions",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("connection", sa.Text, primary_key=True),
        sa.Column("resource", sa.Text, primary_key=True),
        sa.Column("record", sa.Text, primary_key=True),
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("value_key", sa.LargeBinary, nullable=False),
        sa.Column("envelope", sa.Text, nullable=False),
        sa.Column("editor", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("edited_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "provenance_defaults",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("connection", sa.Text, primary_key=True),
        sa.Column("resource", sa.Text, primary_key=True),
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("envelope", sa.Text, nullable=False),
        sa.Column("editor", sa.Text, nullable=False),
        sa.Column("edited_at", sa.BigInteger, nullable=False),
    )
