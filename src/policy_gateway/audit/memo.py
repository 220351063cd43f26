"""Remembers what was worked out before, up to a limit: entries say the same things again and again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memo(Generic[K, V]):
    """Up to *most* values by key; at the limit the oldest goes. May be read in one thread and written in another."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """Return the value, if it is remembered."""
        return self._values.get(key)

    def put(self, key: K, value: V) -> V:
        """Remember *value*, and return it."""
        if len(self._values) >= self._most:
            self._values.pop(next(iter(self._values)), None)
        self._values[key] = value
        return value

    def of(self, key: K, make: Callable[[], V]) -> V:
        """Return the remembered value, or what *make* makes."""
        value = self._values.get(key)
        return self.put(key, make()) if value is None else value

    def clear(self) -> None:
        """Forget everything."""
        self._values = {}
