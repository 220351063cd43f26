"""``member``: who belongs to which team and role, and who they are in the CRMs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from policy_gateway.cli.exits import Exit, UsageError
from policy_gateway.cli.options import OfTenant, argument, arguments
from policy_gateway.cli.terminal import Terminal

if TYPE_CHECKING:
    from policy_gateway.app import Administration

_HEADS: Final = ("head.principal", "head.names", "head.attributes")


@dataclass(frozen=True, kw_only=True)
class Named(OfTenant):
    """What ``member add`` and ``member remove`` are asked."""

    principal: str = argument()
    names: list[str] = arguments()


@dataclass(frozen=True, kw_only=True)
class Listed(OfTenant):
    """What ``member list`` is asked."""


@dataclass(frozen=True, kw_only=True)
class Described(OfTenant):
    """What ``member describe`` is asked: ``owner_id=7001``; without a value the attribute is taken away."""

    principal: str = argument()
    attributes: list[str] = arguments()


def add(asked: Named, terminal: Terminal) -> int:
    """Add a principal to teams and roles."""
    from policy_gateway.cli.opened import bundle_of, within

    unknown = sorted(set(asked.names) - bundle_of(asked.folder).names)
    within(asked.folder, lambda kept: kept.memberships.add(asked.tenant, asked.principal, *asked.names))
    for name in unknown:
        terminal.remark("member.unknown", name=name)
    return _answered(asked, "member.added", terminal)


def remove(asked: Named, terminal: Terminal) -> int:
    """Take teams and roles away; a finding when one was not there."""
    from policy_gateway.cli.opened import within

    async def work(kept: Administration) -> list[str]:
        there = kept.memberships
        return [name for name in asked.names if not await there.remove(asked.tenant, asked.principal, name)]

    if missing := within(asked.folder, work):
        terminal.remark("member.missing", principal=asked.principal, names=", ".join(missing))
        return Exit.FINDING
    return _answered(asked, "member.removed", terminal)


def describe(asked: Described, terminal: Terminal) -> int:
    """Set attributes."""
    from policy_gateway.cli.opened import within

    given = pairs(asked.attributes, terminal)

    async def work(kept: Administration) -> None:
        for name, value in given.items():
            await kept.memberships.describe(asked.tenant, asked.principal, name, value or None)

    within(asked.folder, work)
    if asked.as_json:
        terminal.data({"tenant": asked.tenant, "principal": asked.principal, "attributes": dict(given)})
    else:
        terminal.say("member.described", principal=asked.principal, names=", ".join(given))
    return Exit.DONE


def listed(asked: Listed, terminal: Terminal) -> int:
    """List principals with their teams, roles and attributes."""
    from policy_gateway.cli.opened import within

    async def work(kept: Administration) -> dict[str, tuple[list[str], Mapping[str, str]]]:
        named: dict[str, list[str]] = {}
        for principal, name in await kept.memberships.list(asked.tenant):
            named.setdefault(principal, []).append(name)
        described = kept.memberships.attributes
        return {who: (names, await described(asked.tenant, who)) for who, names in named.items()}

    found = within(asked.folder, work)
    if asked.as_json:
        terminal.data(
            [{"principal": who, "names": names, "attributes": dict(more)} for who, (names, more) in found.items()]
        )
    elif found:
        rows = [[who, ", ".join(names), _spelled(more)] for who, (names, more) in found.items()]
        terminal.table(_HEADS, rows)
    else:
        terminal.remark("member.none", tenant=asked.tenant)
    return Exit.DONE


def pairs(given: list[str], terminal: Terminal) -> Mapping[str, str]:
    """Return ``name=value`` texts by name; UsageError for one that is not of this form, or without any."""
    split = [text.partition("=") for text in given]
    if not split or any(not name or not equals for name, equals, _ in split):
        raise UsageError(terminal.texts("usage.pairs"))
    return {name: value for name, _, value in split}


def _answered(asked: Named, key: str, terminal: Terminal) -> int:
    if asked.as_json:
        terminal.data({"tenant": asked.tenant, "principal": asked.principal, "names": asked.names})
    else:
        terminal.say(key, principal=asked.principal, names=", ".join(asked.names))
    return Exit.DONE


def _spelled(attributes: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(attributes.items()))
