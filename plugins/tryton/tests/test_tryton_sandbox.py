"""The sandbox: installed once, then only started; one line when it cannot be."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from policy_gateway.errors import ConfigurationError
from policy_gateway_tryton.sandbox import Server, main, prepare

pytestmark = pytest.mark.timeout(600)


class TestSandbox:
    def test_prepared_once(self, server: Server) -> None:
        """What is installed and seeded already is used as it is."""
        folder = Path(__file__).parents[3] / ".crms/tryton"
        began = time.monotonic()
        prepare(folder)

        assert time.monotonic() - began < 1
        assert {server.admin_key, server.agent_key} >= {server.agent_key}

    def test_not_installable(self, tmp_path: Path) -> None:
        """A package that cannot be had is said in one line, and nothing is taken for ready."""
        requirements = tmp_path / "server.txt"
        requirements.write_text("./nothing_here-1.0-py3-none-any.whl\n")
        with pytest.raises(ConfigurationError, match=r"^Tryton could not be installed: .+$") as caught:
            prepare(tmp_path / "crm", requirements=requirements)

        assert "\n" not in str(caught.value)
        assert not (tmp_path / "crm/ready").exists()

    def test_no_folder(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """The program ends with 3 and one line when it has nowhere to install to."""
        (tmp_path / "file").touch()
        status = main(["--folder", str(tmp_path / "file/below")])

        assert 3 == status
        assert 1 == len(capsys.readouterr().err.splitlines())
