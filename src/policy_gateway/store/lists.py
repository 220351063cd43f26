"""Reads that take a list, in one statement a page, from a handful of compiled texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import BindParameter, CompoundSelect, Select, bindparam

from policy_gateway.store.database import Database
from policy_gateway.store.statements import Prepared

_MOST = 256

Build = Callable[[Sequence[BindParameter[str]]], Select[Any] | CompoundSelect[Any]]


class ListRead:
    """A read for any number of values: *build* makes the statement from the parameters that will hold them.

    It is compiled for 1, 2, 4 … values; a list in between repeats its last value.
    """

    def __init__(self, database: Database, build: Build, *, remembered: bool = False) -> None:
        self._database = database
        self._build = build
        self._remembered = remembered
        self._prepared: dict[int, Prepared] = {}

    def steps(self, values: Sequence[str], **parameters: object) -> Iterator[tuple[Prepared, dict[str, object]]]:
        """Yield the statements, mostly one, that together read all *values*, each with its parameters."""
        for start in range(0, len(values), _MOST):
            yield self._step(values[start : start + _MOST], dict(parameters))

    async def fetch(self, values: Sequence[str], **parameters: object) -> Sequence[tuple[Any, ...]]:
        """Return the rows for all *values*; none for an empty list."""
        rows: list[tuple[Any, ...]] = []
        for prepared, given in self.steps(values, **parameters):
            rows.extend(await self._database.fetch(prepared, **given))
        return rows

    def _step(self, values: Sequence[str], parameters: dict[str, object]) -> tuple[Prepared, dict[str, object]]:
        size = 1 << (len(values) - 1).bit_length()
        prepared = self._prepared.get(size)
        if prepared is None:
            statement = self._build([bindparam(f"v{place}") for place in range(size)])
            prepared = self._database.prepare(statement, remembered=self._remembered)
            self._prepared[size] = prepared
        for place in range(size):
            parameters[f"v{place}"] = values[min(place, len(values) - 1)]
        return prepared, parameters
