"""What real clients send, rehearsed. The recordings are no part of the product: without them nothing is tried."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.rehearsal.conftest import SUPERVISOR

from policy_gateway.rehearsing import Kind, Outcome

if TYPE_CHECKING:
    from tests.rehearsal.conftest import Play

pytestmark = pytest.mark.anyio

FOLDER = Path(__file__).parents[3] / "shared/data/wire"
RECORDINGS = sorted(FOLDER.glob("rec_*.jsonl"))


def lines_of(path: Path) -> list[dict[str, object]]:
    """Return the requests of a recording."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
async def test_rehearsed(play: Play, path: Path) -> None:
    """Every request of every client comes to something; most are answered, and what that costs is within the budget."""
    lines = lines_of(path)
    report = await play("hubspot" if "hubspot" in path.stem else "salesforce", lines, SUPERVISOR)

    assert len(lines) == report.requests
    assert report.tally()[Outcome.FULL] > 0
    assert all(report.cost(kind).within(kind) for kind in (Kind.READ, Kind.WRITE))
