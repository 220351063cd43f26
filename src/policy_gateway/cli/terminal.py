"""What the program says: answers to standard output, everything about them to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from policy_gateway.cli.texts import Texts


class Terminal:
    """Speaks to whoever started the program, in their language."""

    def __init__(self, texts: Texts) -> None:
        self.texts = texts

    def say(self, key: str, **values: object) -> None:
        """Write the text *key*, a line of the answer."""
        self.line(self.texts(key, **values))

    def line(self, text: str = "") -> None:
        """Write *text*, a line of the answer."""
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def remark(self, key: str, **values: object) -> None:
        """Write the text *key* beside the answer."""
        self.aside(self.texts(key, **values))

    def aside(self, text: str) -> None:
        """Write *text* beside the answer."""
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def data(self, value: object) -> None:
        """Write *value* as JSON, for scripts."""
        self.line(json.dumps(value, ensure_ascii=False, indent=2))

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write *rows* in aligned columns under the texts *heads*; nothing when there are none."""
        if not rows:
            return
        told = [[self.texts(head) for head in heads], *rows]
        widths = [max(len(row[column]) for row in told) for column in range(len(heads))]
        for row in told:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.line("  ".join(cells).rstrip())

    @contextmanager
    def waiting(self, key: str, **values: object) -> Iterator[None]:
        """Show that something takes its time: moving on a terminal, else one line."""
        text = self.texts(key, **values)
        if not sys.stderr.isatty():
            self.aside(text)
            yield
            return
        from rich.console import Console

        with Console(stderr=True).status(text):
            yield
