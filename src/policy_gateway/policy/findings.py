"""Collecting what is wrong with a policy folder: everything at once, each with its place and what was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from policy_gateway.errors import Finding


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a file: 1-based *line* and *column*."""

    path: str
    line: int = 1
    column: int = 1


class Findings:
    """A growing list of findings."""

    def __init__(self) -> None:
        self._found: list[Finding] = []

    def say(self, spot: Spot, code: str, message: str, suggestion: str = "") -> None:
        """Add one; *message* is lower-case and quotes what was written in backticks."""
        self._found.append(Finding(spot.path, spot.line, spot.column, code, message, suggestion))

    def all(self) -> tuple[Finding, ...]:
        """Return them by place, each once."""
        return tuple(sorted(set(self._found)))


def meant(word: str, known: Iterable[str]) -> str:
    """Return ``did you mean `x`?`` for the closest of *known*; empty when nothing is close."""
    candidates = sorted(known)
    by_folded = {candidate.casefold(): candidate for candidate in reversed(candidates)}
    close = difflib.get_close_matches(word.casefold(), list(by_folded), 1, 0.6)
    return f"did you mean `{by_folded[close[0]]}`?" if close else ""
