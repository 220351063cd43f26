"""The gateway's own database: one file, one writer, prepared reads.

A capability keeps what it must remember in tables of its own (``tables.py``, on :data:`metadata`), reads them with
:meth:`Database.prepare` and :meth:`Database.fetch`, and changes them with ``database.writer.submit``. A new table or
column also needs the next file in ``store/migrations/versions``; a test compares the two.
"""

from __future__ import annotations

from policy_gateway.store.columns import Instant, metadata
from policy_gateway.store.database import Database
from policy_gateway.store.lists import ListRead
from policy_gateway.store.statements import Prepared, RowInsert, insert_new
from policy_gateway.store.writer import Bulk, Driver, Overtaken, Watchful, Writer

__all__ = [
    "Bulk",
    "Database",
    "Driver",
    "Instant",
    "ListRead",
    "Overtaken",
    "Prepared",
    "RowInsert",
    "Watchful",
    "Writer",
    "insert_new",
    "metadata",
]
