"""``init``: a folder of one's own, with all that a gateway needs to start. Nothing that is there is overwritten."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import policy_gateway
from policy_gateway.cli.exits import Exit, UsageError
from policy_gateway.cli.options import Scripted
from policy_gateway.cli.terminal import Terminal

if TYPE_CHECKING:
    from policy_gateway.app import Administration

MASTER_KEY: Final = Path("secrets/master_key")
IGNORED: Final = "secrets/\n*.sqlite*\n"
"""What never belongs under version control."""

_PACKAGE: Final = Path(policy_gateway.__file__).parent


@dataclass(frozen=True, kw_only=True)
class Init(Scripted):
    """What ``init`` is asked."""


def run(asked: Init, terminal: Terminal) -> int:
    """Make what is missing; say what was made, and what was there."""
    from policy_gateway.cli.opened import within

    folder = asked.folder
    made, kept = prepared(folder, terminal)
    within(folder, _opened)
    if asked.as_json:
        terminal.data({"folder": str(folder.absolute()), "made": made, "kept": kept})
        return Exit.DONE
    for path in made:
        terminal.say("init.made", path=folder / path)
    for path in kept:
        terminal.say("init.kept", path=folder / path)
    terminal.say("init.next", folder=folder)
    return Exit.DONE


def prepared(folder: Path, terminal: Terminal, settings: str = "") -> tuple[list[str], list[str]]:
    """Make the files that are missing in *folder*; return which were made and which were there.

    *settings* are lines for the settings file, besides every setting at its default as a comment.
    """
    from policy_gateway.identity import new_master_key
    from policy_gateway.settings import FILE

    if not (folder / MASTER_KEY).exists() and any(folder.glob("*.sqlite")):
        # A new key could not open what the old one sealed, and every key that was issued would stop working.
        raise UsageError(terminal.texts("init.no-key", path=folder / MASTER_KEY))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MASTER_KEY).parent.mkdir(mode=0o700, exist_ok=True)
    made: list[str] = []
    kept: list[str] = []
    texts = {FILE: "\n".join([*_settings(), *settings.splitlines(), ""]), ".gitignore": IGNORED}
    for name, text in {**texts, str(MASTER_KEY): new_master_key()}.items():
        (made if _written(folder / name, text) else kept).append(name)
    if (folder / "policies").exists():
        kept.append("policies")
    else:
        shutil.copytree(shipped_policies(), folder / "policies")
        made.append("policies")
    return made, kept


def shipped_policies() -> Path:
    """Return the policies that come with the program: installed beside it, or in its repository."""
    installed = _PACKAGE / "templates/policies"
    return installed if installed.is_dir() else _PACKAGE.parents[1] / "policies"


async def _opened(kept: Administration) -> None:
    """Leave the database as it is now: made, or migrated."""


def _settings() -> Iterator[str]:
    from policy_gateway.settings import PREFIX, Settings

    yield f"# The settings of this gateway; {PREFIX}<NAME> in the environment overrides them."
    yield "# Each is shown with its default. The master key is in secrets/master_key, never here."
    for name, field in Settings.model_fields.items():
        if "Secret" not in str(field.annotation):
            yield from ("", f"# {field.description}", f"# {name} = {_toml(field.default)}")


def _toml(value: object) -> str:
    match value:
        case bool() | int() | float():
            return str(value).lower()
        case None:
            return '""'
        case tuple():
            return "[" + ", ".join(_toml(item) for item in value) + "]"
        case _:
            return f'"{value}"'


def _written(path: Path, text: str) -> bool:
    """Write *text* to a new file that only its owner can read; False when there is one."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return True
