"""What was read stays true until somebody writes, and SQLite counts all commits where every process can see them.

The count is ``iChange`` in the header of the WAL-index, a file that all of a database's users map into their memory
(https://sqlite.org/walformat.html, section 2.1). Looking at it takes a tenth of a microsecond; reading again takes ten,
and lets another thread go first.

That file must stay open here for as long as SQLite has it open: closing any descriptor of a file gives up all locks
that the process has on it (https://sqlite.org/howtocorrupt.html, section 2.2). The next process would begin it anew.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any, Final

Rows = Sequence[tuple[Any, ...]]

_HEADER: Final = 48
_COUNT: Final = struct.Struct("=8xI")
_MOST: Final = 4096


class Remembered:
    """Rows by what was asked, for as long as nobody has committed anything but entries of our own journal.

    The event loop reads; the writer's thread says what it has committed. While the count is not the one that the
    writer has seen last, nothing is known, and whoever reads asks the database.
    """

    def __init__(self, database: Path) -> None:
        self._index = database.with_name(f"{database.name}-shm")
        self._header: mmap.mmap | None = None
        self._descriptor = -1
        self._seen: int | None = None
        self._state = 0
        self._rows: dict[Hashable, tuple[int, Rows]] = {}

    def state(self) -> int | None:
        """Return what reads belong to at this moment; None when somebody else may have written."""
        seen = self._seen
        return self._state if seen is not None and self._count() == seen else None

    def get(self, asked: Hashable, state: int) -> Rows | None:
        """Return what was read in *state*, if it is remembered."""
        known = self._rows.get(asked)
        return known[1] if known is not None and known[0] == state else None

    def put(self, asked: Hashable, state: int, rows: Rows) -> None:
        """Remember *rows* that were read when it was *state*, unless it is not any more."""
        if self.state() != state:
            return
        if len(self._rows) >= _MOST:
            self._rows = {}
        self._rows[asked] = (state, rows)

    def appended(self) -> None:
        """Note a commit of nothing that is remembered. If it was the only one since the last, all stays true."""
        seen, count = self._seen, self._count()
        if seen is None or count != seen + 1:
            self.changed()
        else:
            self._seen = count

    def changed(self) -> None:
        """Note a commit of anything else, or of somebody else: what was read before is forgotten."""
        self.lost()
        self._map()
        self._seen = self._count()

    def lost(self) -> None:
        """Note that the writer has closed its connection: SQLite may put another file in the place of this one."""
        self._seen = None
        self._state += 1
        self._rows = {}

    def close(self) -> None:
        """Let go of the file, after SQLite has; nothing is remembered any more."""
        self.lost()
        header, self._header = self._header, None
        if header is not None:
            header.close()
            os.close(self._descriptor)

    def _count(self) -> int | None:
        header = self._header
        if header is None:
            return None
        try:
            count: int = _COUNT.unpack_from(header)[0]
        except ValueError:  # the writer's thread has just let go of it
            return None
        return count

    def _map(self) -> None:
        """Map the file that SQLite uses now; the writer's connection, which is open, keeps it in its place."""
        try:
            inode = self._index.stat().st_ino
            if self._header is not None and os.fstat(self._descriptor).st_ino == inode:
                return
            self.close()
            descriptor = os.open(self._index, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:  # there is none: nobody has the database open
            return
        try:
            header = mmap.mmap(descriptor, _HEADER, access=mmap.ACCESS_READ)
        except (OSError, ValueError):
            os.close(descriptor)
            return
        self._descriptor, self._header = descriptor, header
