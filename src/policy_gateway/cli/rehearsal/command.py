"""``rehearse``: captured requests in, a report out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from policy_gateway.cli.exits import Exit, UsageError
from policy_gateway.cli.members import pairs
from policy_gateway.cli.options import OfTenant, argument, arguments, option, options
from policy_gateway.cli.rehearsal.texts import REHEARSAL
from policy_gateway.cli.terminal import Terminal
from policy_gateway.cli.texts import Texts

if TYPE_CHECKING:
    from policy_gateway.app import Administration
    from policy_gateway.model.field import Catalogue
    from policy_gateway.plugins import Extensions
    from policy_gateway.rehearsing import Captured, Casting, Report
    from policy_gateway.settings import Settings

NOBODY: Final = "app:rehearsal"
"""Who asks when only roles and teams are said."""

_PRINCIPALS: Final = ("user:", "app:", "ai:")


@dataclass(frozen=True, kw_only=True)
class Rehearse(OfTenant):
    """What ``rehearse`` is asked."""

    connection: str = argument()
    who: str = argument()
    purpose: str = argument()
    captures: list[Path] = arguments()
    described_by: str = option("", "--described-by")
    html: str = option("", "--html")
    option: list[str] = options("--option")


def run(asked: Rehearse, terminal: Terminal) -> int:
    """Rehearse: 0 when nothing is refused, 1 when anything is or is not served, 2 when nobody can tell."""
    from policy_gateway import logs
    from policy_gateway.app import extensions
    from policy_gateway.cli.placing import placing
    from policy_gateway.cli.rehearsal.printing import printed, written
    from policy_gateway.rehearsing import read
    from policy_gateway.settings import load

    terminal = Terminal(Texts(terminal.texts.language, REHEARSAL))
    captured = read(asked.captures)
    if not captured:
        raise UsageError(terminal.texts("rehearse.empty"))
    settings, found = load(asked.folder), extensions()
    logs.configure(settings.log_level)
    with placing(settings.policies):
        report = asyncio.run(_Rehearsing(asked, terminal, settings, found).report(captured))
    if asked.html:
        written(report, Path(asked.html), terminal)
    printed(report, terminal, as_json=asked.as_json)
    if report.findings:
        return Exit.FINDING
    return Exit.DONE if report.conclusive else Exit.USAGE


class _Rehearsing:
    """Finds out who asks, and what the CRM describes, and has it rehearsed."""

    def __init__(self, asked: Rehearse, terminal: Terminal, settings: Settings, found: Extensions) -> None:
        self._asked = asked
        self._terminal = terminal
        self._settings = settings
        self._found = found

    async def report(self, captured: tuple[Captured, ...]) -> Report:
        """Return the report."""
        from policy_gateway.app import administration
        from policy_gateway.rehearsing import rehearse, staged

        async with administration(self._settings, self._found) as kept:
            casting = await self._casting(kept, captured)
        with self._terminal.waiting("rehearse.waiting", count=len(captured)):
            async with staged(self._settings, self._found, casting) as rehearsed:
                return await rehearse(rehearsed, captured)

    async def _casting(self, kept: Administration, captured: tuple[Captured, ...]) -> Casting:
        from policy_gateway.rehearsing import Casting

        asked = self._asked
        self._require_sense()
        catalogue = await self._catalogue(kept, captured)
        principal, names = self._who()
        attributes: Mapping[str, str] = {}
        if principal != NOBODY:
            names |= await kept.memberships.names(asked.tenant, principal)
            attributes = await kept.memberships.attributes(asked.tenant, principal)
        defaults = {
            (resource, path): dict(envelope.parts)
            for resource in catalogue.resources
            for path, envelope in (
                await kept.provenance.page(asked.tenant, asked.connection, resource, ())
            ).defaults.items()
        }
        place = (asked.tenant, asked.connection, principal, asked.purpose)
        return Casting(*place, names, catalogue, attributes, defaults)

    async def _catalogue(self, kept: Administration, captured: tuple[Captured, ...]) -> Catalogue:
        """Return what the connection describes; what was captured of it, when there is none."""
        from policy_gateway.query import Call, Describe
        from policy_gateway.rehearsing import captured_catalogue

        asked, texts = self._asked, self._terminal.texts
        if asked.described_by:
            kind = self._found.adapters.get(asked.described_by)
            if kind is None or asked.described_by not in self._found.facades:
                known = ", ".join(sorted(self._found.facades))
                raise UsageError(texts("rehearse.kind", name=asked.described_by, known=known))
            return await captured_catalogue(kind, pairs(asked.option, self._terminal) if asked.option else {}, captured)
        if asked.connection not in {row.name for row in await kept.connections.list(asked.tenant)}:
            raise UsageError(texts("rehearse.connection", tenant=asked.tenant, name=asked.connection))
        target = await kept.connections.open(asked.tenant, Call(asked.connection, Describe()))
        return target.catalogue

    def _who(self) -> tuple[str, frozenset[str]]:
        names = frozenset(name.strip() for name in self._asked.who.split("+"))
        principals = [name for name in names if name.startswith(_PRINCIPALS)]
        if len(principals) > 1:
            raise UsageError(self._terminal.texts("rehearse.who"))
        return (principals or [NOBODY])[0], names - {*principals}

    def _require_sense(self) -> None:
        """Refuse words that policy does not know: everything would be refused to them, which misleads."""
        from policy_gateway.app import vocabulary
        from policy_gateway.policy import read_folder

        bundle = read_folder(self._settings.policies, vocabulary(self._found))
        asked, texts = self._asked, self._terminal.texts
        if asked.tenant not in bundle.mandates:
            raise UsageError(texts("tenant.unknown", tenant=asked.tenant, known=", ".join(sorted(bundle.mandates))))
        mandated = bundle.callable_purposes(asked.tenant)
        if asked.purpose not in mandated:
            known = ", ".join(sorted(mandated))
            raise UsageError(texts("token.purpose", tenant=asked.tenant, wrong=asked.purpose, known=known))
        strangers = self._who()[1] - bundle.names
        if strangers:
            known = ", ".join(sorted(bundle.names))
            raise UsageError(texts("explain.who", wrong=", ".join(sorted(strangers)), known=known))
