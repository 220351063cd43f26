"""What a plugin may register. Every hook is synchronous, called once at start-up, and returns objects; the objects act.

pluggy has no async: a hook that returned a coroutine would be taken for an answer. So hooks register, objects act.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

from policy_gateway.ports import Annotator, Authenticator, Condition, Facade, FactSource, Journal, Mask
from policy_gateway.records import AdapterKind

if TYPE_CHECKING:
    import typer

PROJECT = "policy_gateway"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_adapters() -> Sequence[AdapterKind]:
    """Return the kinds of CRM that this plugin can talk to."""
    ...  # pragma: no cover


@hookspec
def register_facades() -> Sequence[Facade]:
    """Return what speaks like a CRM, so that its clients work on the gateway unchanged."""
    ...  # pragma: no cover


@hookspec
def register_authenticators() -> Sequence[Authenticator]:
    """Return ways to learn from a credential who is calling."""
    ...  # pragma: no cover


@hookspec
def register_fact_sources() -> Sequence[FactSource]:
    """Return sources of what policy must know besides the call and the record."""
    ...  # pragma: no cover


@hookspec
def register_conditions() -> Sequence[Condition]:
    """Return named conditions that rules may use."""
    ...  # pragma: no cover


@hookspec
def register_masks() -> Sequence[Mask]:
    """Return disclosure levels: how to show a part of a value."""
    ...  # pragma: no cover


@hookspec
def register_annotators() -> Sequence[Annotator]:
    """Return annotators, which attach notes to what was released and cannot touch values."""
    ...  # pragma: no cover


@hookspec
def register_journals() -> Sequence[Journal]:
    """Return further places where each audit entry must be durable before an answer leaves."""
    ...  # pragma: no cover


@hookspec
def register_commands(cli: typer.Typer) -> None:
    """Add commands to the ``policy-gateway`` program."""
    ...  # pragma: no cover
