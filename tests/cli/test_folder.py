from __future__ import annotations

import json
import shutil
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from policy_gateway.identity import master_key

if TYPE_CHECKING:
    from tests.cli.conftest import Program


def mode(path: Path) -> int:
    """Return the permission bits of *path*."""
    return stat.S_IMODE(path.stat().st_mode)


class TestInit:
    def test_made(self, program: Program) -> None:
        """A fresh folder has all that a gateway needs, and its key is for its owner only."""
        key = program.folder / "secrets/master_key"

        assert 32 == len(master_key(key.read_text()))
        assert (0o600, 0o700) == (mode(key), mode(key.parent))
        assert (program.folder / "policies/law.csv").is_file()
        assert (program.folder / "policy-gateway.sqlite").is_file()
        assert "secrets/" in (program.folder / ".gitignore").read_text()

    def test_settings(self, program: Program) -> None:
        """The settings file shows every setting at its default, uncommented it says the same."""
        file = program.folder / "gateway.toml"
        before = json.loads(program("check", "--show", "--json").out)
        lines = (line.removeprefix("# ") if " = " in line else line for line in file.read_text().splitlines())
        file.write_text("\n".join(lines))
        after = json.loads(program("check", "--show", "--json").out)

        assert {name: one["value"] for name, one in before.items()} == {
            name: one["value"] for name, one in after.items()
        }
        assert str(file) == after["port"]["from"]

    def test_again(self, program: Program) -> None:
        """A second time nothing is overwritten."""
        (program.folder / "gateway.toml").write_text("port = 8123\n")
        key = (program.folder / "secrets/master_key").read_text()
        ended = program("init", "--json")

        assert 0 == ended.code
        assert [] == json.loads(ended.out)["made"]
        assert "port = 8123\n" == (program.folder / "gateway.toml").read_text()
        assert key == (program.folder / "secrets/master_key").read_text()

    def test_lost_key(self, program: Program) -> None:
        """A folder whose database is there and whose key is not gets no new key: it could open nothing."""
        (program.folder / "secrets/master_key").unlink()
        ended = program("init")

        assert 2 == ended.code
        assert "put it back" in ended.err
        assert not (program.folder / "secrets/master_key").exists()

    def test_nowhere(self, program: Program, tmp_path: Path) -> None:
        """Where no folder can be made, a line says where."""
        (tmp_path / "file").touch()
        ended = program.bare("init", "--folder", str(tmp_path / "file/below"))

        assert 2 == ended.code
        assert 1 == len(ended.err.splitlines())
        assert str(tmp_path / "file/below") in ended.err


class TestCheck:
    def test_in_order(self, program: Program) -> None:
        """A fresh folder has no findings."""
        ended = program("check", "--json")

        assert 0 == ended.code
        assert [True] * 4 == [result["works"] for result in json.loads(ended.out)]

    def test_all_at_once(self, program: Program) -> None:
        """Findings in one part do not hide those of another; each has its place."""
        rules = program.folder / "policies/tenants/acme.csv"
        rules.write_text(rules.read_text().replace("allow, clear, customer_care", "alow, clear, customer_care", 1))
        database = program.folder / "policy-gateway.sqlite"
        database.write_bytes(b"no database at all" * 300)
        ended = program("check")

        assert 1 == ended.code
        assert f"{rules}:5:" in ended.out
        assert "wrong  database" in ended.out

    def test_settings(self, program: Program) -> None:
        """Every wrong setting is named with its line, and no value is repeated."""
        (program.folder / "gateway.toml").write_text('port = 70000\nprot = 1\nlog_level = "sekret"\n')
        ended = program("check")
        file = program.folder / "gateway.toml"

        assert 1 == ended.code
        assert [f"{file}:1:1: port", f"{file}:2:1: prot", f"{file}:3:1: log_level"] == sorted(
            line.removeprefix("wrong  settings: ").rpartition(": ")[0] for line in ended.out.splitlines()
        )
        assert "sekret" not in ended.out

    def test_no_toml(self, program: Program) -> None:
        """A file that is no TOML is named with line and column."""
        (program.folder / "gateway.toml").write_text("port = \n")

        assert f"{program.folder}/gateway.toml:1:8: " in program("token", "list", "acme").err

    def test_connections(self, program: Program) -> None:
        """A CRM that does not answer is a finding; when it is the only one, the exit code says upstream."""
        (program.folder / "gateway.toml").write_text('upstream_allowed = ["127.0.0.1"]\n')
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        token = program.folder / "token"
        token.write_text("pat-eu1-abc")
        where = ("--url", f"http://127.0.0.1:{port}", "--secret-file", f"token={token}")
        program("connection", "add", "acme", "crm", "--adapter", "hubspot", *where)
        ended = program("check")

        assert 3 == ended.code
        assert "wrong  connection: acme/crm" in ended.out

    def test_show(self, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
        """The settings in force are shown with where each was said, and the master key is not."""
        monkeypatch.setenv("POLICY_GATEWAY_PORT", "8222")
        key = (program.folder / "secrets/master_key").read_text().strip()
        ended = program("check", "--show")
        shown = {line.split()[0]: line.split()[1:] for line in ended.out.splitlines()}

        assert ["8222", "POLICY_GATEWAY_PORT"] == shown["port"]
        assert ["********", f"{program.folder}/secrets/master_key"] == shown["master_key"]
        assert key not in ended.out + ended.err

    def test_no_key(self, program: Program) -> None:
        """Without a master key nothing is opened, and the line says how to make one, in German too."""
        shutil.rmtree(program.folder / "secrets")
        ended = program("token", "list", "acme")

        assert (2, "no master key is set: make one with: policy-gateway init\n") == (ended.code, ended.err)

    def test_german(self, program: Program, german: None) -> None:
        """The same in German."""
        del german
        shutil.rmtree(program.folder / "secrets")

        assert "es gibt keinen Hauptschlüssel" in program("token", "list", "acme").err
