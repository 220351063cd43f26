"""``token``: the keys by which people and programs call."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from policy_gateway.cli.exits import Exit, UsageError
from policy_gateway.cli.options import OfTenant, Scripted, argument, option, options
from policy_gateway.cli.terminal import Terminal
from policy_gateway.errors import NotAuthenticated

if TYPE_CHECKING:
    from policy_gateway.identity import KeyInfo

_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_KEY: Final = "API key"
_HEADS: Final = ("head.prefix", "head.principal", "head.purposes", "head.ends", "head.state")


@dataclass(frozen=True, kw_only=True)
class Issue(OfTenant):
    """What ``token issue`` is asked."""

    principal: str = argument()
    purpose: list[str] = options("--purpose", "-p")
    scope: list[str] = options("--scope")
    acting_for: list[str] = options("--acting-for")
    expires_in: str = option("", "--expires-in")


@dataclass(frozen=True, kw_only=True)
class Keys(OfTenant):
    """What ``token list`` is asked."""


@dataclass(frozen=True, kw_only=True)
class Revoke(OfTenant):
    """What ``token revoke`` is asked."""

    prefix: str = argument()


@dataclass(frozen=True, kw_only=True)
class Wire(Scripted):
    """What ``token wire`` is asked; the key itself is typed, or read from standard input."""

    connection: str = argument()
    purpose: str = argument()


def issue(asked: Issue, terminal: Terminal) -> int:
    """Issue a key, and show it: this once."""
    from policy_gateway.cli.opened import bundle_of, within
    from policy_gateway.identity import Grant

    now = datetime.now(UTC)
    end = now + _period(asked.expires_in, terminal) if asked.expires_in else None
    known = bundle_of(asked.folder).callable_purposes(asked.tenant)
    _require_purposes(asked, known, terminal)
    grant = Grant(asked.purpose, asked.scope, end, asked.acting_for)
    issued = within(asked.folder, lambda kept: kept.keys.issue(asked.tenant, asked.principal, grant))
    if asked.as_json:
        told = {"tenant": asked.tenant, "principal": asked.principal, "prefix": issued.prefix, "key": issued.key}
        terminal.data(told | {"purposes": asked.purpose, "expires_at": end.isoformat() if end else None})
        return Exit.DONE
    terminal.line(issued.key)
    terminal.remark("token.once", prefix=issued.prefix)
    return Exit.DONE


def listed(asked: Keys, terminal: Terminal) -> int:
    """List the keys of a client, also those that have ended."""
    from policy_gateway.cli.opened import within

    now = datetime.now(UTC)
    keys = within(asked.folder, lambda kept: kept.keys.list(asked.tenant))
    if asked.as_json:
        terminal.data([_told(key, now) for key in keys])
    elif keys:
        terminal.table(_HEADS, [_row(key, now, terminal) for key in keys])
    else:
        terminal.remark("token.none", tenant=asked.tenant)
    return Exit.DONE


def revoke(asked: Revoke, terminal: Terminal) -> int:
    """End a key now."""
    from policy_gateway.cli.opened import within

    within(asked.folder, lambda kept: kept.keys.revoke(asked.tenant, asked.prefix))
    if asked.as_json:
        terminal.data({"tenant": asked.tenant, "prefix": asked.prefix, "state": "revoked"})
    else:
        terminal.say("token.revoked", prefix=asked.prefix)
    return Exit.DONE


def wire(asked: Wire, terminal: Terminal) -> int:
    """Say what the clients of a CRM show instead of headers, for a key that works."""
    from policy_gateway.cli.opened import within
    from policy_gateway.cli.secrets import read_secrets

    key = read_secrets([_KEY], (), terminal)[_KEY].get_secret_value()
    bearer, name = f"{key}~{asked.purpose}~{asked.connection}", f"{asked.purpose}@{asked.connection}"
    try:
        session, dialect = within(asked.folder, lambda kept: kept.session(bearer))
    except NotAuthenticated:
        raise UsageError(terminal.texts("token.not-wired", name=name)) from None
    if asked.as_json:
        told = {"tenant": session.tenant, "principal": session.principal, "dialect": dialect, "bearer": bearer}
        terminal.data(told | {"username": name, "password": key})
        return Exit.DONE
    terminal.say("token.bearer", bearer=bearer)
    terminal.say("token.login", name=name)
    return Exit.DONE


def _period(text: str, terminal: Terminal) -> timedelta:
    found = re.fullmatch(r"([1-9][0-9]{0,4})([hdw])", text)
    if found is None:
        raise UsageError(terminal.texts("token.period"))
    return int(found[1]) * _UNITS[found[2]]


def _require_purposes(asked: Issue, known: frozenset[str], terminal: Terminal) -> None:
    """Refuse purposes that the key could never be used for: a misspelt one would look like a broken gateway."""
    listed = ", ".join(sorted(known))
    if not known:
        raise UsageError(terminal.texts("token.tenant", tenant=asked.tenant))
    if not asked.purpose:
        raise UsageError(terminal.texts("token.purposes", known=listed))
    if wrong := sorted(set(asked.purpose) - known):
        raise UsageError(terminal.texts("token.purpose", wrong=", ".join(wrong), tenant=asked.tenant, known=listed))


def _state(key: KeyInfo, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= now else "valid"


def _row(key: KeyInfo, now: datetime, terminal: Terminal) -> list[str]:
    who = " < ".join((key.principal, *key.acting_for))
    ends = key.expires_at.isoformat(timespec="minutes") if key.expires_at else "-"
    return [key.prefix, who, ", ".join(sorted(key.purposes)), ends, terminal.texts(f"state.{_state(key, now)}")]


def _told(key: KeyInfo, now: datetime) -> dict[str, object]:
    return {
        "prefix": key.prefix,
        "principal": key.principal,
        "acting_for": list(key.acting_for),
        "purposes": sorted(key.purposes),
        "scopes": sorted(key.scopes),
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        "state": _state(key, now),
    }
