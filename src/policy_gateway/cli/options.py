"""The options of a command: one dataclass a command, whose fields typer reads."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from policy_gateway.cli.terminal import Terminal
from policy_gateway.cli.texts import Texts

Run = Callable[[Any, Terminal], int]
"""Does what a command's options ask and returns the exit code."""


def argument(default: Any = dataclasses.MISSING) -> Any:  # noqa: ANN401 -- a dataclass's field stands for its value
    """Return a field that is given by its position."""
    return field(default=default, metadata={"made": typer.Argument})


def arguments() -> Any:  # noqa: ANN401 -- as above
    """Return a field that takes all remaining positions."""
    return field(default_factory=list, metadata={"made": typer.Argument})


def option(default: Any = dataclasses.MISSING, *names: str) -> Any:  # noqa: ANN401 -- as above
    """Return a field that is given by *names* (by default ``--`` and its own)."""
    return field(default=default, metadata={"made": typer.Option, "names": names})


def options(*names: str) -> Any:  # noqa: ANN401 -- as above
    """Return a field that may be given several times."""
    return field(default_factory=list, metadata={"made": typer.Option, "names": names})


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a command is asked."""


@dataclass(frozen=True, kw_only=True)
class InFolder(Asked):
    """What every command about a gateway knows: its folder."""

    folder: Path = option(Path(), "--folder")


@dataclass(frozen=True, kw_only=True)
class Scripted(InFolder):
    """A command whose answer a script may want."""

    as_json: bool = option(False, "--json")  # noqa: FBT003 -- a default


@dataclass(frozen=True, kw_only=True)
class OfTenant(Scripted):
    """A command about one client."""

    tenant: str = argument()


def callback(shape: type[Asked], run: Run, terminal: Terminal) -> Callable[..., None]:
    """Return a function that typer can call: with the fields of *shape* as its parameters."""
    hints = get_type_hints(shape)

    def called(**given: Any) -> None:  # noqa: ANN401 -- typer has made each of its field's type
        raise typer.Exit(int(run(shape(**given), terminal)))

    # Typer learns from the signature what may be asked.
    parameters = [_parameter(each, hints[each.name], terminal.texts) for each in dataclasses.fields(shape)]
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # functions may have one
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return called


def _parameter(each: dataclasses.Field[object], kind: object, texts: Texts) -> inspect.Parameter:
    made = each.metadata["made"](*each.metadata.get("names", ()), help=texts(f"option.{each.name}"))
    default: object = inspect.Parameter.empty
    if each.default_factory is not dataclasses.MISSING:
        default = each.default_factory()
    elif each.default is not dataclasses.MISSING:
        default = each.default
    annotation = Annotated[kind, made]  # type: ignore[valid-type]  # known when the program is built
    return inspect.Parameter(each.name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
