"""Write the pages of the reference that the code itself knows best: ``make docs``; a test tells when they are stale."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import typer

import policy_gateway
from policy_gateway import errors, hookspecs, ports, records, wire
from policy_gateway.cli.program import COMMANDS
from policy_gateway.cli.texts import SENTENCES
from policy_gateway.errors import GatewayError
from policy_gateway.settings import PREFIX, Settings

FOLDER = Path(__file__).parent / "reference"
PORTS = {
    "register_adapters": records.AdapterKind,
    "register_facades": ports.Facade,
    "register_authenticators": ports.Authenticator,
    "register_fact_sources": ports.FactSource,
    "register_conditions": ports.Condition,
    "register_masks": ports.Mask,
    "register_annotators": ports.Annotator,
    "register_journals": ports.Journal,
}


def main() -> None:
    """Write every generated page."""
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{FOLDER / name}\n")


def pages() -> Mapping[str, str]:
    """Return each generated page by its file name."""
    makers: Mapping[str, Callable[[], Iterator[str]]] = {
        "commands.md": _commands,
        "errors.md": _errors,
        "hooks.md": _hooks,
        "public-api.md": _public_api,
        "settings.md": _settings,
    }
    return {name: "\n".join(_headed(maker)) + "\n" for name, maker in makers.items()}


def _headed(maker: Callable[[], Iterator[str]]) -> Iterator[str]:
    yield "<!-- Written by `make docs` from the code: change it there. -->"
    yield ""
    yield from maker()


def _commands() -> Iterator[str]:
    yield from ["# Commands", "", f"{SENTENCES['help.program'][0]} `policy-gateway --help` says it here and now.", ""]
    yield from ["Exit codes: 0 done, 1 a finding, 2 usage or configuration, 3 a CRM could not answer."]
    for command in COMMANDS:
        asked = fields(command.shape)
        names = {each.name: each.metadata.get("names") or (f"--{each.name}",) for each in asked}
        places = [each.name for each in asked if each.metadata["made"] is typer.Argument]
        usage = " ".join(("policy-gateway", command.path, *map(str.upper, places)))
        yield from ["", f"## `{usage}`", "", SENTENCES[f"help.{command.path}"][0], ""]
        for each in asked:
            shown = each.name.upper() if each.name in places else ", ".join(names[each.name])
            yield f"- `{shown}`: {SENTENCES[f'option.{each.name}'][0]}"


def _errors() -> Iterator[str]:
    yield from ["# Errors", "", "The tree, as `policy_gateway.errors` draws it:", ""]
    drawn = re.search(r"::\n\n(.*?)\n\n\S", errors.__doc__ or "", re.DOTALL)
    yield from ["```text", inspect.cleandoc(drawn[1] if drawn else ""), "```", ""]
    yield from ["| code | class | what it says |", "|---|---|---|"]
    for kind in sorted(_tree(GatewayError), key=lambda kind: kind.code):
        yield f"| `{kind.code}` | `{kind.__name__}` | {kind.summary} |"


def _tree(kind: type[GatewayError]) -> Iterator[type[GatewayError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _tree(child)


def _hooks() -> Iterator[str]:
    yield from ["# Hooks", "", _prose(hookspecs.__doc__), ""]
    yield "A plugin is a distribution with an entry point in the group `policy_gateway`; what it names implements any"
    yield "of these, each marked with `policy_gateway.hookimpl`."
    for name, hook in vars(hookspecs).items():
        if not name.startswith("register_"):
            continue
        yield from ["", f"## `{name}{inspect.signature(hook)}`".replace("'", ""), "", _prose(hook.__doc__)]
        if port := PORTS.get(name):
            yield from ["", f"What is registered: `{port.__name__}`. {_prose(port.__doc__)}", ""]
            yield from _members(port)


def _members(port: type) -> Iterator[str]:
    for name, kind in inspect.get_annotations(port).items():
        yield f"- `{name}: {kind}`"
    for name, method in vars(port).items():
        if inspect.isfunction(method) and not name.startswith("_"):
            spelled = "async " if inspect.iscoroutinefunction(method) else ""
            signature = str(inspect.signature(method)).replace("self, ", "").replace("'", "")
            yield f"- `{spelled}{name}{signature}`: {_prose(method.__doc__)}"


def _public_api() -> Iterator[str]:
    yield from [
        "# Public names",
        "",
        "What `from policy_gateway import …` gives, and nothing else, is kept stable.",
        "",
    ]
    yield from ["| name | what it is |", "|---|---|"]
    yield from _names(policy_gateway)
    yield from ["", "What facades read requests and send replies with, `from policy_gateway.wire import …`:", ""]
    yield from ["| name | what it is |", "|---|---|"]
    yield from _names(wire)


def _names(module: ModuleType) -> Iterator[str]:
    for name in module.__all__:
        value = vars(module)[name]
        told = _prose(value.__doc__) if inspect.isclass(value) or inspect.isfunction(value) else _spelled(value)
        yield f"| `{name}` | {told.partition('. ')[0].splitlines()[0].rstrip('.')} |".replace(" | None", " or None")


def _spelled(value: object) -> str:
    if value is policy_gateway.hookimpl:
        return "Marks a function as the implementation of a hook"
    if isinstance(value, policy_gateway.Level):
        return f"The level `{value.name}`, of rank {value.rank}"
    return "An alias, for annotations"


def _settings() -> Iterator[str]:
    yield from ["# Settings", "", f"They stand in `gateway.toml`; `{PREFIX}<NAME>` in the environment and files of the"]
    yield from ["`secrets` folder override it. A name that is not here is an error.", ""]
    yield from ["| setting | default | what it says |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        plain = _plain(field.get_default(call_default_factory=True))
        default = "" if plain == "None" or "Secret" in str(field.annotation) else f"`{plain}`"
        yield f"| `{name}` | {default} | {field.description} |"


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{item}"' for item in value) + "]"
    return str(value)


def _prose(text: str | None) -> str:
    """Return a docstring as one Markdown paragraph after another, each on a line of its own."""
    plain = re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"`\1`", inspect.cleandoc(text or "")).replace("``", "`")
    return " ".join(" ".join(paragraph.split()) for paragraph in plain.split("\n\n"))


if __name__ == "__main__":
    main()
