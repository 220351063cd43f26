"""The program, put together; what a command needs is imported when it runs, so that ``--help`` is quick."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import typer

from policy_gateway.cli import check, connections, init, keys, members, policies, provenance, starting
from policy_gateway.cli.demo import command as demo
from policy_gateway.cli.exits import NAME, Exit, exit_of, lines_of
from policy_gateway.cli.groups import command_class, group_class, usage_lines
from policy_gateway.cli.language import language
from policy_gateway.cli.options import Asked, Run, callback
from policy_gateway.cli.rehearsal import command as rehearsal
from policy_gateway.cli.rehearsal import recording
from policy_gateway.cli.terminal import Terminal
from policy_gateway.cli.texts import Texts

_CONTEXT: Final = {"help_option_names": ["--help", "-h"], "max_content_width": 100}


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its *path* (``token issue``), what may be asked of it, and what it does."""

    path: str
    shape: type[Asked]
    run: Run


COMMANDS: Final = (
    Command("init", init.Init, init.run),
    Command("serve", starting.Serve, starting.run),
    Command("check", check.Check, check.run),
    Command("demo", demo.Demo, demo.run),
    Command("token issue", keys.Issue, keys.issue),
    Command("token list", keys.Keys, keys.listed),
    Command("token revoke", keys.Revoke, keys.revoke),
    Command("token wire", keys.Wire, keys.wire),
    Command("member add", members.Named, members.add),
    Command("member remove", members.Named, members.remove),
    Command("member list", members.Listed, members.listed),
    Command("member describe", members.Described, members.describe),
    Command("connection add", connections.Add, connections.add),
    Command("connection change", connections.Change, connections.change),
    Command("connection list", connections.Listed, connections.listed),
    Command("connection test", connections.One, connections.test),
    Command("connection drift", connections.One, connections.drift),
    Command("connection remove", connections.One, connections.remove),
    Command("provenance default", provenance.Default, provenance.default),
    Command("policy lint", policies.Folder, policies.lint),
    Command("policy test", policies.Folder, policies.test),
    Command("policy fmt", policies.Format, policies.fmt),
    Command("policy explain", policies.Explain, policies.explain),
    Command("rehearse", rehearsal.Rehearse, rehearsal.run),
    Command("record", recording.Record, recording.run),
)
"""Every command of our own, in the order of its help; plugins add theirs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    terminal = Terminal(Texts(language()))
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(given, terminal)
    except Exception as error:  # noqa: BLE001 -- the border to people: a line, never a traceback
        for line in lines_of(error, terminal.texts):
            terminal.aside(line)
        return exit_of(error)
    except KeyboardInterrupt as error:
        return exit_of(error)


def _run(arguments: list[str], terminal: Terminal) -> int:
    command = typer.main.get_command(built(terminal))
    try:
        return int(command.main(arguments, prog_name=NAME, standalone_mode=False) or Exit.DONE)
    except typer.TyperException as wrong:
        for line in usage_lines(wrong, terminal.texts):
            terminal.aside(line)
        return Exit.USAGE
    except typer.Abort:
        return Exit.INTERRUPTED


def built(terminal: Terminal) -> typer.Typer:
    """Return the program that speaks through *terminal*."""
    texts = terminal.texts
    cli = typer.Typer(
        cls=group_class(texts, plugins=True),
        help=texts("help.program"),
        no_args_is_help=True,
        context_settings=_CONTEXT,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    groups: dict[str, typer.Typer] = {}
    for command in COMMANDS:
        head, _, name = command.path.rpartition(" ")
        if head and head not in groups:
            groups[head] = typer.Typer(cls=group_class(texts), no_args_is_help=True, rich_markup_mode=None)
            cli.add_typer(groups[head], name=head, help=texts(f"help.{head}"))
        place = groups[head] if head else cli
        run = callback(command.shape, command.run, terminal)
        place.command(name, cls=command_class(texts), help=texts(f"help.{command.path}"))(run)
    return cli
