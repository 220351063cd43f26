"""Conditions about the call: its channel and direction, what was said of it, who is on the line."""

from __future__ import annotations

from policy_gateway.builtins.condition import Arguments, BuiltIn, flag
from policy_gateway.model.facts import Reading, Scope


def _said(key: str, arguments: Arguments, reading: Reading) -> bool | None:
    value = reading.get(key)
    return value in arguments if isinstance(value, str) and value else None


def _channel(arguments: Arguments, reading: Reading) -> bool | None:
    return _said("call.channel", arguments, reading)


def _direction(arguments: Arguments, reading: Reading) -> bool | None:
    return _said("call.direction", arguments, reading)


def _justified(arguments: Arguments, reading: Reading) -> bool | None:  # noqa: ARG001 -- a Test
    # A reason that is not given is known not to be there.
    reason = reading.get("call.reason")
    return isinstance(reason, str) and bool(reason.strip())


def _ticket(arguments: Arguments, reading: Reading) -> bool | None:  # noqa: ARG001 -- a Test
    ticket = reading.get("call.ticket")
    return isinstance(ticket, str) and bool(ticket.strip())


def _verified(arguments: Arguments, reading: Reading) -> bool | None:
    level = reading.get("fact.verified_level")
    if not isinstance(level, int) or isinstance(level, bool):
        return None
    return level >= (int(arguments[0]) if arguments else 1)


def _live(arguments: Arguments, reading: Reading) -> bool | None:  # noqa: ARG001 -- a Test
    return flag(reading.get("fact.live_interaction"))


CALL_CONDITIONS = (
    BuiltIn("channel", Scope.CALL, frozenset({"call.channel"}), _channel, ("channel",), repeats=True),
    BuiltIn("direction", Scope.CALL, frozenset({"call.direction"}), _direction, ("inbound|outbound",), repeats=True),
    BuiltIn("justified", Scope.CALL, frozenset({"call.reason"}), _justified),
    BuiltIn("ticket", Scope.CALL, frozenset({"call.ticket"}), _ticket),
    BuiltIn("verified", Scope.RECORD, frozenset({"fact.verified_level"}), _verified, ("number?",)),
    BuiltIn("live", Scope.RECORD, frozenset({"fact.live_interaction"}), _live),
)
