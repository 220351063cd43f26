"""``check``: settings, policies, plugins, database and connections; all findings at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeVar

from policy_gateway.cli.exits import Exit, lines_of
from policy_gateway.cli.options import Scripted, option
from policy_gateway.cli.placing import placed
from policy_gateway.cli.terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from policy_gateway.app import Administration
    from policy_gateway.plugins import Extensions
    from policy_gateway.settings import Settings

T = TypeVar("T")

_HIDDEN: Final = "********"


@dataclass(frozen=True, kw_only=True)
class Check(Scripted):
    """What ``check`` is asked."""

    show: bool = option(False, "--show")  # noqa: FBT003 -- a default


@dataclass(frozen=True, slots=True)
class Result:
    """One thing that was looked at: what, whether it is in order, and what is to be said of it."""

    subject: str
    works: bool
    detail: str


def run(asked: Check, terminal: Terminal) -> int:
    """Look at everything; exit with 3 when only CRMs do not answer, with 1 for any other finding."""
    from policy_gateway.settings import load

    if asked.show:
        return _show(asked, terminal)
    results: list[Result] = []
    settings = _tried("settings", results, terminal, lambda: load(asked.folder))
    looking = _Looking(terminal, results)
    if settings is not None:
        results.append(Result("settings", works=True, detail=str(asked.folder / "gateway.toml")))
        looking.at(settings)
    if asked.as_json:
        terminal.data([asdict(result) for result in results])
    else:
        for result in results:
            key = "check.works" if result.works else "check.fails"
            terminal.say(key, subject=terminal.texts(f"check.{result.subject}"), detail=result.detail)
    failed = {result.subject for result in results if not result.works}
    if not failed:
        return Exit.DONE
    return Exit.UPSTREAM if failed == {"connection"} else Exit.FINDING


class _Looking:
    """Looks at one part after the other; what one part needs of another that is broken is left out."""

    def __init__(self, terminal: Terminal, results: list[Result]) -> None:
        self._terminal = terminal
        self._results = results

    def at(self, settings: Settings) -> None:
        """Look at all that *settings* name."""
        from policy_gateway.app import extensions

        _tried("tls", self._results, self._terminal, lambda: self._tls(settings))
        found = _tried("plugins", self._results, self._terminal, extensions)
        if found is None:
            return
        self._say("plugins", ", ".join(sorted(found.adapters)))
        tenants = frozenset(self._policies(settings.policies, found))
        _tried("database", self._results, self._terminal, lambda: self._kept(settings, found, tenants))

    def _tls(self, settings: Settings) -> None:
        from policy_gateway.web.tls import certified

        if settings.tls_cert is None or settings.tls_key is None:
            return
        found = certified(settings.tls_cert, settings.tls_key)
        ended = found.end <= datetime.now(UTC)
        told = {"path": settings.tls_cert, "end": found.end.date(), "names": ", ".join(found.names)}
        detail = self._terminal.texts("check.ended" if ended else "check.certified", **told)
        self._results.append(Result("tls", not ended, detail))

    def _policies(self, folder: Path, found: Extensions) -> Iterator[str]:
        """Report on the policy folder; yield the clients that it speaks of."""
        from policy_gateway.app import vocabulary
        from policy_gateway.errors import PolicyError
        from policy_gateway.policy import lint, read_folder

        findings = lint(folder, vocabulary(found), datetime.now(UTC).date())
        for finding in findings:
            self._results.append(Result("policies", works=False, detail=str(placed(folder, finding))))
        try:
            bundle = read_folder(folder, vocabulary(found))
        except PolicyError:
            return
        yield from bundle.mandates
        if not findings:
            told = self._terminal.texts("check.rules", version=bundle.version[:12], count=len(bundle.rules))
            self._say("policies", told)

    def _kept(self, settings: Settings, found: Extensions, tenants: frozenset[str]) -> None:
        import asyncio

        from policy_gateway.app import administration

        async def work() -> None:
            async with administration(settings, found) as kept:
                self._say("database", settings.database)
                await self._connections(kept, tenants)

        asyncio.run(work())

    async def _connections(self, kept: Administration, tenants: frozenset[str]) -> None:
        for tenant in await kept.connections.tenants():
            if tenants and tenant not in tenants:
                detail = self._terminal.texts("check.stranger", tenant=tenant)
                self._results.append(Result("policies", works=False, detail=detail))
            for row in await kept.connections.list(tenant):
                checks = await kept.connections.test(tenant, row.name)
                failed = next((check for check in checks if not check.works), None)
                detail = self._terminal.texts.detail(failed.detail if failed else checks[-1].detail)
                self._results.append(Result("connection", failed is None, f"{tenant}/{row.name}: {detail}"))

    def _say(self, subject: str, detail: str) -> None:
        self._results.append(Result(subject, works=True, detail=detail))


def _tried(subject: str, results: list[Result], terminal: Terminal, work: Callable[[], T]) -> T | None:
    """Return what *work* returns; None, and the lines of its error as findings, when it fails."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 -- all findings at once: one part's failure hides no other's
        results.extend(Result(subject, works=False, detail=line) for line in lines_of(error, terminal.texts))
        return None


def _show(asked: Check, terminal: Terminal) -> int:
    """Show the settings in force, without secrets, and where each was said."""
    from policy_gateway.settings import load, origins

    settings, said = load(asked.folder), origins(asked.folder)
    rows = [[name, _told(value), said.get(name, "-")] for name, value in settings]
    if asked.as_json:
        terminal.data({name: {"value": value, "from": origin} for name, value, origin in rows})
    else:
        terminal.table(("head.setting", "head.value", "head.origin"), rows)
    return Exit.DONE


def _told(value: object) -> str:
    if "Secret" in type(value).__name__:
        return _HIDDEN if value else "-"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None else str(value)
