"""The CRM itself: rows in a dict, by resource and id. It knows nothing of the gateway's algebra."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

Row: TypeAlias = Mapping[str, object]
"""One row by the CRM's own field names; a field that is not in it has no value."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class MemoryCrm:
    """A CRM for tests, demos and as the reference of what an adapter does.

    ``crm.add("contact", first_name="Lena")`` seeds it; *clock* dates what is created and changed.
    """

    clock: Callable[[], datetime] = _utc_now
    _rows: dict[str, dict[str, dict[str, object]]] = field(default_factory=dict)
    _counters: dict[str, itertools.count[int]] = field(default_factory=dict)

    def add(self, resource: str, /, **values: object) -> str:
        """Store a row and return its id: the ``id`` among *values*, or the next free number."""
        rows = self._rows.setdefault(resource, {})
        record_id = str(values.pop("id", "") or self._next_id(resource))
        now = self._now()
        times = {"created_at": now, "updated_at": now}
        rows[record_id] = {**times, **_split(resource, values), "id": record_id}
        return record_id

    def row(self, resource: str, record_id: str, names: Iterable[str]) -> Row | None:
        """Return the fields *names* of one row (and its id), None when there is no such row."""
        row = self._rows.get(resource, {}).get(record_id)
        return None if row is None else _projected(_shown(resource, row), names)

    def select(
        self,
        resource: str,
        names: Iterable[str],
        *,
        test: Callable[[Row], bool],
        key: Callable[[list[Row]], list[Row]],
    ) -> list[Row]:
        """Return the fields *names* of all rows that pass *test*, sorted by *key*."""
        wanted = tuple(names)
        rows = [_shown(resource, row) for row in self._rows.get(resource, {}).values()]
        return [_projected(row, wanted) for row in key([row for row in rows if test(row)])]

    def update(self, resource: str, record_id: str, values: Row) -> None:
        """Set *values*; None clears. KeyError when there is no such row."""
        row = self._rows.get(resource, {})[record_id]
        row.update(values, updated_at=self._now())

    def delete(self, resource: str, record_id: str) -> None:
        """Delete one row. KeyError when there is none."""
        del self._rows.get(resource, {})[record_id]

    def names(self, resource: str) -> dict[str, object]:
        """Return the names of all fields that any row of *resource* has, each with one of its values."""
        found: dict[str, object] = {}
        for row in self._rows.get(resource, {}).values():
            found.update({name: value for name, value in row.items() if value is not None})
        return found

    def _next_id(self, resource: str) -> str:
        counter = self._counters.setdefault(resource, itertools.count(1))
        return next(number for number in map(str, counter) if number not in self._rows.get(resource, {}))

    def _now(self) -> str:
        return self.clock().isoformat(timespec="seconds")


def _split(resource: str, values: dict[str, object]) -> dict[str, object]:
    """Take a whole name apart: contacts store its two parts and put them together when read."""
    if resource == "contact" and isinstance(name := values.pop("name", None), str):
        first, _, last = name.rpartition(" ")
        return {"first_name": first, "last_name": last, **values}
    return values


def _shown(resource: str, row: dict[str, object]) -> Row:
    if resource != "contact":
        return row
    parts = (row.get("first_name"), row.get("last_name"))
    return {**row, "name": " ".join(part for part in parts if isinstance(part, str) and part) or None}


def _projected(row: Row, names: Iterable[str]) -> Row:
    return {"id": row["id"], **{name: row.get(name) for name in names}}
