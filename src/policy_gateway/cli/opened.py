"""The gateway of a folder, opened for looking after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from policy_gateway.cli.placing import placing

if TYPE_CHECKING:
    from policy_gateway.app import Administration
    from policy_gateway.policy import Bundle, Policy

T = TypeVar("T")


def within(folder: Path, work: Callable[[Administration], Awaitable[T]]) -> T:
    """Return what *work* returns, done in the opened gateway of *folder*."""

    async def done() -> T:
        async with opened(folder) as kept:
            return await work(kept)

    return asyncio.run(done())


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Administration]:
    """Open the gateway of *folder*; ConfigurationError when it cannot be."""
    from policy_gateway.app import administration, extensions
    from policy_gateway.settings import load

    async with administration(load(folder), extensions()) as kept:
        yield kept


def bundle_of(folder: Path) -> Bundle:
    """Return the policy folder of the gateway of *folder*; PolicyError, its places openable from here."""
    from policy_gateway.app import extensions, vocabulary
    from policy_gateway.policy import read_folder
    from policy_gateway.settings import load

    policies = load(folder).policies
    with placing(policies):
        return read_folder(policies, vocabulary(extensions()))


def policy_of(folder: Path) -> Policy:
    """Return the policy of the gateway of *folder*, ready to decide; PolicyError."""
    from policy_gateway.app import extensions, vocabulary
    from policy_gateway.policy import Policy

    return Policy(bundle_of(folder), vocabulary(extensions()))
