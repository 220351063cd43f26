"""Remembers what was worked out before, up to a limit: entries say the same things again and again."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memo(Generic[K, V]):
    """Up to *most* values by key; at the limit it begins anew. May be read in one thread and written in another."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """Return the value, if it is remembered."""
        return self._values.get(key)

    def put(self, key: K, value: V) -> V:
        """Remember *value*, and return it."""
        if len(self._values) >= self._most:
            self._values = {}
        self._values[key] = value
        return value

    def clear(self) -> None:
        """Forget everything."""
        self._values = {}
