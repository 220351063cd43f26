"""Places in policy files as an editor opens them: with the way to their folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from policy_gateway.errors import Finding, PolicyError


def placed(folder: Path, finding: Finding) -> Finding:
    """Return *finding*, its path as seen from here."""
    return replace(finding, path=str(folder / finding.path))


@contextmanager
def placing(folder: Path) -> Iterator[None]:
    """Give the findings of a PolicyError their paths as seen from here."""
    try:
        yield
    except PolicyError as error:
        raise PolicyError(tuple(placed(folder, finding) for finding in error.findings)) from None
