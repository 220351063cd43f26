"""Taking any one safeguard out of the code makes tests fail: what is tested here is that something is tested."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "policy_gateway"
READING, PLUGINS = "tests/gateway/test_reading.py", "tests/gateway/test_plugins.py"
UNRELEASED = """

def release_all(learned, *_):
    from policy_gateway.model.disclosure import ReleasedRecord

    page = learned.page
    records = tuple(ReleasedRecord(one.id, dict(one.values), {}, ()) for one in page.records)
    return Released(page.resource, records, page.cursor)
"""
"""In the place of the function that the gateway imports: everything that the CRM said is let out."""


@dataclass(frozen=True, slots=True)
class Sabotage:
    """*old* is replaced by *new* in the file at *path*, and *more* put at its end; *tests* shall notice."""

    path: str
    old: str
    new: str
    tests: tuple[str, ...]
    more: str = ""


SABOTAGES: Mapping[str, Sabotage] = {
    "release": Sabotage(
        "gateway.py",
        "released = ",
        "released = ",
        (f"{READING}::TestOneRecord", f"{READING}::TestSpiedOn"),
        UNRELEASED,
    ),
    "search": Sabotage(
        "policy/search.py",
        "return _every(self._of_object(table, name) for name in objects)",
        "return FREE",
        (f"{READING}::TestSearching",),
    ),
    "audit": Sabotage(
        "audit/entries.py",
        "            if not isinstance(error, asyncio.CancelledError):  # nobody is there to be answered\n"
        "                raise\n",
        "            pass\n",
        (f"{PLUGINS}::TestBreaking",),
    ),
    "denied": Sabotage(
        "enforcement/narrow.py",
        "        case Deny():\n            raise Denied\n",
        "        case Deny():\n            pass\n",
        (f"{READING}::TestSpiedOn",),
    ),
    "deny": Sabotage(
        "policy/verdicts.py",
        "denying = fired & deny\n",
        "denying = 0\n",
        (f"{READING}::TestOneRecord",),
    ),
}


def passes(source: Path, *tests: str) -> bool:
    """Tell whether *tests* pass with the package in *source*."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_", "COVERAGE_"))}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:randomly", *tests]
    run = subprocess.run(
        command, cwd=ROOT, env={**kept, "PYTHONPATH": str(source)}, capture_output=True, timeout=100, check=False
    )
    assert run.returncode in {0, 1}, run.stdout.decode()[-2000:]  # tests ran, and passed or failed
    return run.returncode == 0


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a copy of the package's source."""
    shutil.copytree(PACKAGE, tmp_path / "policy_gateway", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.slow
@pytest.mark.timeout(300)
class TestSabotage:
    @pytest.mark.parametrize("name", SABOTAGES)
    def test_noticed(self, source: Path, name: str) -> None:
        """A gateway without this safeguard does not pass."""
        sabotage = SABOTAGES[name]
        path = source / "policy_gateway" / sabotage.path
        text = path.read_text()
        assert 1 == text.count(sabotage.old)
        path.write_text(text.replace(sabotage.old, sabotage.new) + sabotage.more)

        assert not passes(source, *sabotage.tests)

    def test_untouched(self, source: Path) -> None:
        """A copy in which nothing was touched passes all of the same tests."""
        tests = dict.fromkeys(test for sabotage in SABOTAGES.values() for test in sabotage.tests)

        assert passes(source, *tests)
