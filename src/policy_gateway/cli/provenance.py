"""``provenance``: what is known of the values of a connection as long as nothing more is known of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from policy_gateway.cli.exits import Exit
from policy_gateway.cli.members import pairs
from policy_gateway.cli.options import OfTenant, argument, arguments, option
from policy_gateway.cli.terminal import Terminal

if TYPE_CHECKING:
    from policy_gateway.app import Administration

_LISTS: Final = frozenset({"purposes", "recipients"})
EDITOR: Final = "system"
"""Who sets defaults in the history: no person, as the program does not know one."""


@dataclass(frozen=True, kw_only=True)
class Default(OfTenant):
    """What ``provenance default`` is asked: parts to set (``name=`` takes one away), or none to see them."""

    connection: str = argument()
    resource: str = argument()
    parts: list[str] = arguments()
    field: str = option("*", "--field")


def default(asked: Default, terminal: Terminal) -> int:
    """Set or show the default envelope of a connection's values."""
    from policy_gateway.cli.opened import within
    from policy_gateway.provenance import Reference

    given = pairs(asked.parts, terminal) if asked.parts else {}
    place = Reference(asked.tenant, asked.connection, asked.resource, "", asked.field)

    async def work(kept: Administration) -> Mapping[str, object]:
        if asked.connection not in {row.name for row in await kept.connections.list(asked.tenant)}:
            terminal.remark("provenance.unconnected", connection=asked.connection, tenant=asked.tenant)
        known = (await kept.provenance.page(asked.tenant, asked.connection, asked.resource, ())).defaults
        parts: dict[str, object] = dict(known[asked.field].parts) if asked.field in known else {}
        for name, value in given.items():
            parts[name] = (value.split(",") if name in _LISTS else value) if value else None
        if given:
            await kept.provenance.set_default(place, parts, EDITOR)
        return {name: part for name, part in parts.items() if part is not None}

    parts = within(asked.folder, work)
    if asked.as_json:
        terminal.data({name: list(part) if isinstance(part, tuple) else part for name, part in parts.items()})
        return Exit.DONE
    for name, part in parts.items():
        terminal.line(f"{name}={part if isinstance(part, str) else ','.join(map(str, _items(part)))}")
    if not parts:
        terminal.remark("provenance.none", connection=asked.connection, resource=asked.resource, field=asked.field)
    return Exit.DONE


def _items(part: object) -> list[object]:
    return list(part) if isinstance(part, list | tuple) else [part]
