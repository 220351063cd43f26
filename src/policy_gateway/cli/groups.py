"""Commands that explain themselves in the reader's language, and a program that plugins add commands to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer
from typer.core import TyperCommand, TyperGroup

from policy_gateway.cli.exits import NAME, UsageError
from policy_gateway.cli.texts import Texts

if TYPE_CHECKING:
    from typer._click import Command, Context

HOOK: Final = "register_commands"

_SPOKEN: Final = {
    "MissingParameter": "usage.missing",
    "NoSuchOption": "usage.option",
    "BadParameter": "usage.value",
    "BadOptionUsage": "usage.value",
}
"""The text for each kind of wrong usage that typer knows."""

_HEADS: Final = re.compile(
    r"^(Usage|Options|Arguments|Commands):|(Show this message and exit\.)|\[(required|default)(?=[:\]])"
    r"|(Install completion for the current shell\.)|(Show completion for the current shell, to copy it or)"
    r"|(customize the installation\.)",
    re.MULTILINE,
)
"""What typer itself says in a help page."""


def command_class(texts: Texts) -> type[TyperCommand]:
    """Return the class of commands whose help is in the language of *texts*."""

    class Worded(TyperCommand):
        """A command."""

        def get_help(self, ctx: Context) -> str:
            return _translated(super().get_help(ctx), texts)

    return Worded


def group_class(texts: Texts, *, plugins: bool = False) -> type[TyperGroup]:
    """Return the class of groups whose help is in the language of *texts*; with *plugins*, with their commands."""

    class Worded(TyperGroup):
        """A group of commands."""

        def get_help(self, ctx: Context) -> str:
            return _translated(super().get_help(ctx), texts)

        def list_commands(self, ctx: Context) -> list[str]:
            if plugins:
                self._add()
            return super().list_commands(ctx)

        def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
            found = super().get_command(ctx, cmd_name)
            if found is None and plugins:
                self._add()
                found = super().get_command(ctx, cmd_name)
            return found

        def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
            if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
                close = ", ".join(get_close_matches(args[0], self.list_commands(ctx)))
                meant = texts("usage.meant", names=close) if close else ""
                raise UsageError(texts("usage.command", name=args[0], meant=meant, program=ctx.command_path))
            return super().resolve_command(ctx, args)

        def _add(self) -> None:
            for name, command in _added().items():
                self.commands.setdefault(name, command)

    return Worded


def _added() -> dict[str, Command]:
    """Return the commands of plugins: they are loaded only when a command is not one of ours, or all are listed."""
    from policy_gateway.hookspecs import PROJECT

    if not any(map(_may_add, entry_points(group=PROJECT))):
        return {}
    from policy_gateway.plugins import discover

    cli = typer.Typer(rich_markup_mode=None)
    cli.callback()(lambda: None)
    discover(()).add_commands(cli)
    return dict(getattr(typer.main.get_command(cli), "commands", {}))


def _may_add(entry: EntryPoint) -> bool:
    """Tell whether the plugin could add commands; one whose own module does not name the hook need not be loaded."""
    if entry.attr:
        return True
    spec = find_spec(entry.module)
    if spec is None or spec.origin is None:
        return True
    source = Path(spec.origin).read_text(encoding="utf-8")
    return HOOK in source or "import *" in source


def usage_lines(wrong: typer.TyperException, texts: Texts) -> Iterator[str]:
    """Yield what is to be read of a wrong usage: what is wrong, and where help is."""
    kind = type(wrong).__name__
    context = getattr(wrong, "ctx", None)
    if kind == "NoArgsIsHelpError" and context is not None:
        yield context.get_help()
        return
    yield texts(_SPOKEN.get(kind, "usage.other"), name=_named(wrong), message=wrong.format_message())
    yield texts("usage.help", program=context.command_path if context is not None else NAME)


def _named(wrong: typer.TyperException) -> str:
    parameter = getattr(wrong, "param", None)
    if parameter is None:
        return str(getattr(wrong, "option_name", ""))
    names = [name for name in parameter.opts if name.startswith("-")]
    return " / ".join(names) or str(parameter.name)


def _translated(page: str, texts: Texts) -> str:
    return _HEADS.sub(lambda found: texts.heading(found[0]), page)
