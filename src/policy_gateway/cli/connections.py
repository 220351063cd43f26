"""``connection``: the CRMs of a client."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from policy_gateway.cli.exits import Exit, UsageError
from policy_gateway.cli.members import pairs
from policy_gateway.cli.options import OfTenant, argument, option, options
from policy_gateway.cli.secrets import read_secrets
from policy_gateway.cli.terminal import Terminal

if TYPE_CHECKING:
    from policy_gateway.app import Administration
    from policy_gateway.crm import Drift
    from policy_gateway.crm.store import ConnectionRow
    from policy_gateway.policy import Bundle

_HEADS: Final = ("head.connection", "head.adapter", "head.address", "head.options")


@dataclass(frozen=True, kw_only=True)
class Listed(OfTenant):
    """What ``connection list`` is asked."""


@dataclass(frozen=True, kw_only=True)
class One(OfTenant):
    """What is asked about one connection."""

    name: str = argument()


@dataclass(frozen=True, kw_only=True)
class Add(One):
    """What ``connection add`` is asked."""

    adapter: str = option()
    url: str = option("")
    option: list[str] = options("--option")
    secret: list[str] = options("--secret")
    secret_file: list[str] = options("--secret-file")


@dataclass(frozen=True, kw_only=True)
class Change(One):
    """What ``connection change`` is asked: what is not given stays, ``name=`` takes an option away."""

    url: str = option("")
    option: list[str] = options("--option")
    secret: list[str] = options("--secret")
    secret_file: list[str] = options("--secret-file")


def add(asked: Add, terminal: Terminal) -> int:
    """Add a connection."""
    from policy_gateway.app import extensions
    from policy_gateway.cli.opened import bundle_of, within
    from policy_gateway.crm import ConnectionConfig

    known = sorted(extensions().adapters)
    if asked.adapter not in known:
        raise UsageError(terminal.texts("connection.adapter", name=asked.adapter, known=", ".join(known)))
    tenants = sorted(bundle_of(asked.folder).mandates)
    if asked.tenant not in tenants:
        raise UsageError(terminal.texts("tenant.unknown", tenant=asked.tenant, known=", ".join(tenants)))
    chosen = pairs(asked.option, terminal) if asked.option else {}
    secrets = read_secrets(asked.secret, asked.secret_file, terminal)
    config = ConnectionConfig(asked.tenant, asked.name, asked.url, chosen, secrets)
    within(asked.folder, lambda kept: kept.connections.add(asked.adapter, config))
    return _answered(asked, "connection.added", terminal)


def change(asked: Change, terminal: Terminal) -> int:
    """Change where a CRM is, how it is used, or its secret."""
    from policy_gateway.cli.opened import within
    from policy_gateway.crm import ConnectionConfig
    from policy_gateway.errors import ConnectionNotFound

    chosen = pairs(asked.option, terminal) if asked.option else {}
    secrets = read_secrets(asked.secret, asked.secret_file, terminal)

    async def work(kept: Administration) -> bool:
        rows = await kept.connections.list(asked.tenant)
        row = next((row for row in rows if row.name == asked.name), None)
        if row is None:
            raise ConnectionNotFound
        merged = {name: value for name, value in {**row.options, **chosen}.items() if value}
        config = ConnectionConfig(asked.tenant, asked.name, asked.url or row.base_url, merged, secrets)
        return await kept.connections.change(config)

    if not within(asked.folder, work):
        terminal.remark("connection.dropped")
    return _answered(asked, "connection.changed", terminal)


def remove(asked: One, terminal: Terminal) -> int:
    """Remove a connection and its secrets."""
    from policy_gateway.cli.opened import within

    within(asked.folder, lambda kept: kept.connections.remove(asked.tenant, asked.name))
    return _answered(asked, "connection.removed", terminal)


def listed(asked: Listed, terminal: Terminal) -> int:
    """List the connections of a client, without their secrets."""
    from policy_gateway.cli.opened import within

    rows = within(asked.folder, lambda kept: kept.connections.list(asked.tenant))
    if asked.as_json:
        terminal.data([_told(row) for row in rows])
    elif rows:
        terminal.table(_HEADS, [[row.name, row.adapter, row.base_url or "-", _spelled(row.options)] for row in rows])
    else:
        terminal.remark("connection.none", tenant=asked.tenant)
    return Exit.DONE


def test(asked: One, terminal: Terminal) -> int:
    """Ask a CRM something harmless."""
    from policy_gateway.cli.opened import within

    checks = within(asked.folder, lambda kept: kept.connections.test(asked.tenant, asked.name))
    if asked.as_json:
        terminal.data([asdict(check) for check in checks])
    else:
        for check in checks:
            key = "connection.works" if check.works else "connection.fails"
            detail = terminal.texts.detail(check.detail) if check.detail else "-"
            terminal.say(key, subject=terminal.texts(f"connection.{check.subject}"), detail=detail)
    if all(check.works for check in checks):
        return Exit.DONE
    return Exit.USAGE if not checks[0].works else Exit.UPSTREAM


def drift(asked: One, terminal: Terminal) -> int:
    """Compare what a CRM has with what the vocabulary classifies; differences are findings."""
    from policy_gateway.cli.opened import bundle_of, within
    from policy_gateway.errors import ConnectionNotFound

    bundle = bundle_of(asked.folder)

    async def work(kept: Administration) -> Sequence[Drift]:
        rows = await kept.connections.list(asked.tenant)
        row = next((row for row in rows if row.name == asked.name), None)
        if row is None:
            raise ConnectionNotFound
        foreign = frozenset(kept.extensions.adapters) - {row.adapter}
        return await kept.connections.drift(asked.tenant, asked.name, _classified(bundle, asked, foreign))

    found = within(asked.folder, work)
    if asked.as_json:
        terminal.data([asdict(one) for one in found])
    elif not found:
        terminal.say("drift.none")
    for one in () if asked.as_json else found:
        for path in one.unclassified:
            terminal.say("drift.unclassified", field=f"{one.resource}.{path}")
        for path in one.vanished:
            terminal.say("drift.vanished", field=f"{one.resource}.{path}")
    return Exit.FINDING if found else Exit.DONE


def _classified(bundle: Bundle, asked: One, foreign: frozenset[str]) -> Callable[[str], frozenset[str]]:
    """Return which paths of a resource are classified for this connection; other adapters' own are not expected."""
    names = [name.partition("@") for name in bundle.classified(asked.tenant)]
    here = [name for name, _, connection in names if connection in {"", asked.name}]

    def paths(resource: str) -> frozenset[str]:
        own = (name.removeprefix(f"{resource}.") for name in here if name.startswith(f"{resource}."))
        return frozenset(path for path in own if path.partition(".")[0] not in foreign)

    return paths


def _answered(asked: One, key: str, terminal: Terminal) -> int:
    if asked.as_json:
        terminal.data({"tenant": asked.tenant, "name": asked.name})
    else:
        terminal.say(key, name=asked.name, tenant=asked.tenant)
    return Exit.DONE


def _told(row: ConnectionRow) -> dict[str, object]:
    return {"name": row.name, "adapter": row.adapter, "url": row.base_url, "options": dict(row.options)}


def _spelled(chosen: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(chosen.items())) or "-"
