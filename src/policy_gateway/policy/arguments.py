"""The types of a condition's arguments, checked when a policy is read."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date

from policy_gateway.policy.conditions import Literal
from policy_gateway.policy.dialect import CHANNELS
from policy_gateway.policy.findings import meant
from policy_gateway.policy.words import Words
from policy_gateway.ports import Condition

OPTIONAL = "?"


def fault(literal: Literal, conditions: Mapping[str, Condition], words: Words) -> tuple[str, str, str] | None:
    """Return the code, message and suggestion of what is wrong with *literal*; None when nothing is."""
    condition = conditions.get(literal.name)
    if condition is None:
        return "unknown-condition", f"`{literal.name}` is not a known condition", meant(literal.name, conditions)
    kinds = tuple(kind.removesuffix(OPTIONAL) for kind in condition.arguments)
    needed = sum(not kind.endswith(OPTIONAL) for kind in condition.arguments)
    given = len(literal.arguments)
    if given < needed or (given > len(kinds) and not (condition.repeats and kinds)):
        listed = ", ".join(condition.arguments) or "no arguments"
        return "arguments", f"`{literal.condition}` has {given} arguments", f"`{literal.name}` takes {listed}"
    padded = (*kinds, *(kinds[-1:] * (given - len(kinds))))
    for argument, kind in zip(literal.arguments, padded, strict=False):
        if not _fits(argument, kind, words):
            message = f"`{argument}` is not a {kind}" if "|" not in kind else f"`{argument}` is not one of {kind}"
            return "argument", message, meant(argument, _closed(kind, words))
    return None


def _fits(argument: str, kind: str, words: Words) -> bool:
    known = _closed(kind, words)
    if known:
        return argument in known
    match kind:
        case "date":
            return _parses(date.fromisoformat, argument)
        case "network":
            return _parses(ipaddress.ip_network, argument)
        case "number":
            return argument.isascii() and argument.isdigit()
        case "purpose" | "role":
            return False
        case _:
            return True


def _closed(kind: str, words: Words) -> AbstractSet[str]:
    match kind:
        case "purpose":
            return words.purposes
        case "role":
            return words.roles
        case "channel":
            return frozenset(CHANNELS)
        case _:
            return frozenset(kind.split("|")) if "|" in kind else frozenset()


def _parses(parse: object, text: str) -> bool:
    try:
        return callable(parse) and parse(text) is not None
    except ValueError:
        return False
