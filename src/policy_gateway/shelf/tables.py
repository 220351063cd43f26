"""What facades keep: sealed, so that the names of clients' jobs and what they send are in no file in clear."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, LargeBinary, Table, Text

from policy_gateway.store import Instant, metadata

kept: Final = Table(
    "shelf_kept",
    metadata,
    Column("owner", LargeBinary, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("until", Instant, nullable=False, index=True),
)
