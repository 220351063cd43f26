from __future__ import annotations

import re
import string
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer

from policy_gateway.cli.demo.texts import DEMO
from policy_gateway.cli.groups import usage_lines
from policy_gateway.cli.language import language
from policy_gateway.cli.program import COMMANDS
from policy_gateway.cli.texts import SENTENCES, Texts

if TYPE_CHECKING:
    from tests.cli.conftest import Program

SOURCES = Path(__file__).parents[2] / "src/policy_gateway/cli"
ALL = {**SENTENCES, **DEMO}


def places(text: str) -> set[str]:
    """Return the names that *text* leaves open."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


class TestHelp:
    @pytest.mark.parametrize("command", [command.path for command in COMMANDS])
    def test_every_command(self, program: Program, command: str) -> None:
        """Every command says what it does and what may be asked of it; but for the recorder, of a gateway's folder."""
        page = program.bare(*command.split(), "--help")

        assert 0 == page.code
        assert SENTENCES[f"help.{command}"][0].split()[0] in page.out
        assert (command != "record") is ("--folder" in page.out)

    def test_german(self, program: Program, german: None) -> None:
        """In a German environment the page is German, headings included."""
        del german
        page = program.bare("token", "issue", "--help").out

        assert "Einen Schlüssel ausstellen" in page
        assert "Optionen:" in page
        assert not re.search(r"Options:|Show this|\[required", page)

    def test_quick(self) -> None:
        """Help imports nothing heavy: neither the gateway nor a plugin that adds no commands."""
        asked = (
            "import sys; from policy_gateway.cli import main; main(['--help']);"
            "print([name for name in ('sqlalchemy', 'casbin', 'fastapi', 'phonenumbers') if name in sys.modules])"
        )
        began = time.monotonic()
        told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout

        assert "[]" == told.splitlines()[-1]
        assert time.monotonic() - began < 10

    def test_nothing_asked(self, program: Program) -> None:
        """Without a command the program explains itself, and that is a wrong usage."""
        ended = program.bare()

        assert 2 == ended.code
        assert "connection" in ended.err


class TestUsage:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("tokn",), "did you mean token?"),
            (("token", "isue"), "did you mean issue?"),
            (("token", "issue", "acme"), "missing: principal"),
            (("token", "list"), "missing: tenant"),
            (("connection", "add", "acme", "crm"), "missing: --adapter"),
            (("token", "list", "acme", "--nope"), "no option --nope"),
            (("serve", "--port", "many"), "--port"),
        ],
    )
    def test_wrong(self, program: Program, arguments: tuple[str, ...], said: str) -> None:
        """A wrong usage is one clear line, where help is, and exit code 2."""
        ended = program.bare(*arguments)

        assert 2 == ended.code
        assert said in ended.err
        assert "--help" in ended.err
        assert "" == ended.out

    def test_german(self, program: Program, german: None) -> None:
        """What is wrong is said in German."""
        del german

        assert "es fehlt: tenant" in program.bare("token", "list").err
        assert "den Befehl tokn gibt es nicht" in program.bare("tokn").err

    def test_unknown_kind(self) -> None:
        """A kind of wrong usage that nobody has worded is said in typer's words."""
        lines = list(usage_lines(typer.TyperException("something else"), Texts("")))

        assert "something else" == lines[0]


class TestTexts:
    @pytest.mark.parametrize("key", sorted(ALL))
    def test_both(self, key: str) -> None:
        """Every text is there in both languages, with the same places to fill."""
        english, german = ALL[key]

        assert english.strip()
        assert german.strip()
        assert places(english) == places(german)

    def test_used(self) -> None:
        """Every text is used somewhere."""
        source = "".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py") if path.name != "texts.py")
        quoted = set(re.findall(r"\"[^\"\s]+\"|'[^'\s]+'", source))
        made = re.compile(r"(help|option|check|connection|state|differs)\.")
        unused = [key for key in ALL if not {f'"{key}"', f"'{key}'"} & quoted and not made.match(key)]

        assert [] == unused

    def test_options(self) -> None:
        """Every option of every command has its text."""
        names: set[str] = set()
        for command in COMMANDS:
            fields: dict[str, Any] = command.shape.__dataclass_fields__
            names |= set(fields)

        assert names == {key.partition(".")[2] for key in SENTENCES if key.startswith("option.")}

    @pytest.mark.parametrize(
        ("environment", "expected"),
        [
            ({"LANG": "de_AT.UTF-8"}, "de"),
            ({"LANG": "en_US.UTF-8"}, "en"),
            ({"LANG": "en_US.UTF-8", "LANGUAGE": "de:en"}, "de"),
            ({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, ""),
            ({"LANG": "C.UTF-8", "LANGUAGE": "de"}, ""),
            ({"LANG": "fr_FR.UTF-8", "LC_MESSAGES": "de_DE"}, "de"),
            ({"LANG": ""}, ""),
        ],
    )
    def test_language(self, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: str) -> None:
        """The language is the one that the locale asks for, in the order that GNU programs follow."""
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

        assert expected == language()
