"""A bounded memory of results: the least recently used goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


class Memo(Generic[Key, Result]):
    """At most *limit* results by key. Safe to use from several threads: a race only computes twice."""

    __slots__ = ("_limit", "_results")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._results: OrderedDict[Key, Result] = OrderedDict()

    def get(self, key: Key) -> Result | None:
        """Return what is remembered for *key*, and remember that it was asked for."""
        result = self._results.get(key)
        if result is not None:
            try:
                self._results.move_to_end(key)
            except KeyError:  # another thread has just dropped it; the result is as good as before
                return result
        return result

    def put(self, key: Key, result: Result) -> Result:
        """Remember *result* for *key* and return it."""
        self._results[key] = result
        while len(self._results) > self._limit:
            try:
                self._results.popitem(last=False)
            except KeyError:  # emptied meanwhile
                break
        return result

    def recall(self, key: Key, compute: Callable[[], Result]) -> Result:
        """Return what is remembered for *key*; compute and remember it when nothing is."""
        result = self.get(key)
        return self.put(key, compute()) if result is None else result

    def __len__(self) -> int:
        return len(self._results)
