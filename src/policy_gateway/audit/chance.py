"""Random bytes from a supply: asking for few at a time costs a system call and the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable


class Chance:
    """Fresh bytes of *random*, which is asked for *supply* at a time. For one thread only."""

    def __init__(self, random: Callable[[int], bytes], supply: int = 1024) -> None:
        self._random = random
        self._most = supply
        self._supply = b""
        self._used = 0

    def __call__(self, count: int) -> bytes:
        """Return *count* fresh bytes."""
        end = self._used + count
        if end > len(self._supply):
            self._supply, self._used, end = self._random(max(self._most, count)), 0, count
        given = self._supply[self._used : end]
        self._used = end
        return given
