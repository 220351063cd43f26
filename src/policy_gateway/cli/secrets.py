"""Secrets as the program takes them: typed without echo, from standard input, from a file; never as an argument."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from policy_gateway.cli.exits import UsageError
from policy_gateway.cli.terminal import Terminal

if TYPE_CHECKING:
    from pydantic import SecretStr


def read_secrets(names: Sequence[str], files: Sequence[str], terminal: Terminal) -> Mapping[str, SecretStr]:
    """Return secrets by name: *names* are asked for, or read line by line when nobody types; *files* are name=path."""
    from pydantic import SecretStr

    if any("=" in name for name in names):
        raise UsageError(terminal.texts("secret.argument"))
    found: dict[str, SecretStr] = {}
    for text in files:
        name, equals, path = text.partition("=")
        if not name or not equals or not path:
            raise UsageError(terminal.texts("secret.file"))
        found[name] = SecretStr(Path(path).read_text(encoding="utf-8").strip())
    for name in names:
        found[name] = SecretStr(_asked(name, terminal))
    if empty := sorted(name for name, secret in found.items() if not secret.get_secret_value()):
        raise UsageError(terminal.texts("secret.empty", names=", ".join(empty)))
    return found


def _asked(name: str, terminal: Terminal) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(terminal.texts("secret.prompt", name=name)).strip()
    return sys.stdin.readline().strip()
