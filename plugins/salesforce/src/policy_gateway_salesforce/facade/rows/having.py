"""Which groups to keep: HAVING, on figures that were made already."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from policy_gateway.model.field import Value
from policy_gateway_salesforce.facade.meaning.figures import Figure
from policy_gateway_salesforce.soql import nodes

Test: TypeAlias = Callable[[Callable[[Figure], Value]], bool]
"""Tells whether to keep a group, by what tells its figures."""

_ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = MappingProxyType(
    {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq}
)


def having(where: nodes.Where, figures: Mapping[nodes.Expression, Figure]) -> Test:
    """Return the test for *where*, on whose left are *figures*."""
    match where:
        case nodes.And(items):
            tests = [having(item, figures) for item in items]
            return lambda told: all(test(told) for test in tests)
        case nodes.Or(items):
            tests = [having(item, figures) for item in items]
            return lambda told: any(test(told) for test in tests)
        case nodes.Not(item):
            inner = having(item, figures)
            return lambda told: not inner(told)
        case nodes.Comparison(left, sign, literal):
            return lambda told: compared(told(figures[left]), sign, literal)
        case nodes.In(left, literals, negated):
            return lambda told: any(compared(told(figures[left]), "=", one) for one in literals) is not negated
        case nodes.Like(left, pattern):
            return lambda told: like(told(figures[left]), pattern)
        case _:
            return lambda _: False


def compared(value: Value, sign: str, literal: nodes.Literal) -> bool:
    """Tell whether *value* compares as *sign* says. What has no value, or is no such thing, is only different."""
    if sign == "!=":
        return not compared(value, "=", literal)
    if isinstance(literal, nodes.Null) or literal == nodes.String(""):
        return sign == "=" and value in (None, "", ())
    ours, theirs = _like_for_like(value, literal)
    return ours is not None and _ORDER[sign](ours, theirs)


def _like_for_like(value: Value, literal: nodes.Literal) -> tuple[Any, Any]:
    """Return both as what they can be compared as; None for the first when they cannot."""
    try:
        match literal, value:
            case nodes.Number(value=number), int() | float() if not isinstance(value, bool):
                return Decimal(str(value)), number
            case nodes.Boolean(truth), bool():
                return value, truth
            case nodes.String(text), str():
                return value.casefold(), text.casefold()
            case nodes.Date(day), str():
                return date.fromisoformat(value[:10]), day
            case nodes.DateTime(moment), str():
                found = datetime.fromisoformat(value)
                return (found if found.tzinfo else None), moment
            case _:
                return None, None
    except ValueError:
        return None, None


def like(value: Value, pattern: nodes.String) -> bool:
    """Tell whether *value* looks like *pattern*, in any case; never longer than both of them take together."""
    if not isinstance(value, str):
        return False
    parts: list[list[str | None]] = [[]]
    for at, char in enumerate(pattern.value):
        if at in pattern.literal or char not in "%_":
            parts[-1].append(char.lower())
        elif char == "_":
            parts[-1].append(None)
        else:
            parts.append([])
    text = value.lower()
    first, *rest = parts
    if not _at(text, 0, first) or (not rest and len(text) != len(first)):
        return False
    if not rest:
        return True
    *middle, last = rest
    at = len(first)
    for part in middle:
        found = next((start for start in range(at, len(text) - len(part) + 1) if _at(text, start, part)), None)
        if found is None:
            return False
        at = found + len(part)
    return len(text) - len(last) >= at and _at(text, len(text) - len(last), last)


def _at(text: str, start: int, part: list[str | None]) -> bool:
    """Tell whether *part*, in which None is any character, stands at *start*."""
    return start + len(part) <= len(text) and all(
        wanted is None or wanted == char for wanted, char in zip(part, text[start:], strict=False)
    )
