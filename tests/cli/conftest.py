from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from policy_gateway.cli import main


@dataclass(frozen=True)
class Ended:
    """How the program ended: its exit code, what it answered, and what it said besides."""

    code: int
    out: str
    err: str


class Program:
    """The program, at work in one folder."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Ended:
        """Run one command on the folder."""
        return self.bare(*arguments, "--folder", str(self.folder))

    def bare(self, *arguments: str) -> Ended:
        """Run one command with nothing added."""
        code = main(arguments)
        said = self._capsys.readouterr()
        return Ended(code, said.out, said.err)


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")


@pytest.fixture
def german(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start the program as somebody who reads German."""
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one gateway's folder, to be copied."""
    folder = tmp_path_factory.mktemp("made") / "gateway"
    assert 0 == main(["init", "--folder", str(folder)])
    return folder


@pytest.fixture
def program(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Program]:
    """Return the program in a folder of its own, as ``init`` leaves it."""
    folder = tmp_path / "gateway"
    shutil.copytree(made, folder)
    capsys.readouterr()
    yield Program(folder, capsys)
    assert "Traceback" not in capsys.readouterr().err
