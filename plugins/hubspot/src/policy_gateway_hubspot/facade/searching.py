"""HubSpot's search as a query: filter groups, sorts, full text and paging; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from policy_gateway.query import Action, And, Compare, In, Not, Op, Or, Order, Query, Text, Where
from policy_gateway.wire import Json
from policy_gateway_hubspot.facade.kinds import Kind
from policy_gateway_hubspot.facade.known import Known
from policy_gateway_hubspot.facade.refusals import Invalid, clipped
from policy_gateway_hubspot.facade.request import cursor_of, limit_of, objects_in, text_in, texts_in
from policy_gateway_hubspot.facade.values import sought

MOST_GROUPS: Final = 5
MOST_FILTERS: Final = 6
MOST_FILTERS_IN_ALL: Final = 18
MOST_VALUES: Final = 100
MOST_FOUND: Final = 200
USUAL_LIMIT: Final = 10
LONGEST_TERM: Final = 3_000
EVERYWHERE: Final = "*"
"""The path of everything that HubSpot's full-text search looks into."""

_AFTER: Final = re.compile(r"([0-9]{1,6})\.(.+)")
_DESCENDING: Final = MappingProxyType({"ASCENDING": False, "DESCENDING": True})

Filter = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Search:
    """A *query*, the *names* whose values are wanted, and how many records have been *seen* on earlier pages."""

    query: Query
    names: tuple[str, ...]
    seen: int = 0

    def following(self, cursor: str, shown: int) -> str:
        """Return the cursor to the next page, after *shown* more records."""
        return f"{self.seen + shown}.{cursor}"

    def total(self, shown: int, *, more: bool) -> int:
        """Return how many records there are, as far as the caller has seen: *more* of them count as one."""
        return self.seen + shown + more


def has_filters(body: Mapping[str, Json]) -> bool:
    """Tell whether a search compares values, whose types must be known."""
    return bool(body.get("filterGroups") or body.get("filters"))


def search_of(kind: Kind, body: Mapping[str, Json], known: Known) -> Search:
    """Return what *body* asks for. Invalid for what HubSpot would not understand."""
    seen, cursor = _place(body.get("after"))
    names = texts_in(body, "properties")
    query = Query(
        kind.name,
        where=_where(body, known),
        order=_order(body),
        limit=limit_of(body.get("limit", USUAL_LIMIT), MOST_FOUND),
        cursor=cursor,
    )
    return Search(query, names, seen)


def _place(after: Json) -> tuple[int, str | None]:
    cursor = cursor_of(after)
    if cursor is None:
        return 0, None
    found = _AFTER.fullmatch(cursor)
    if found is None:
        raise Invalid("after must be a paging cursor")
    return int(found[1]), found[2]


def _where(body: Mapping[str, Json], known: Known) -> Where | None:
    parts: list[Where] = []
    groups = [objects_in(group, "filters") for group in objects_in(body, "filterGroups")]
    if bare := objects_in(body, "filters"):
        groups.append(bare)
    _check(groups)
    if groups:
        each = [And(tuple(_filter(one, known) for one in group)) for group in groups]
        parts.append(each[0] if len(each) == 1 else Or(tuple(each)))
    term = body.get("query")
    if term is not None and term != "":
        if not isinstance(term, str) or len(term) > LONGEST_TERM:
            raise Invalid("Invalid input JSON: query must be a string")
        parts.append(Text(term, (EVERYWHERE,)))
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _check(groups: list[list[dict[str, Json]]]) -> None:
    if len(groups) > MOST_GROUPS:
        raise Invalid(f"filterGroups: must have at most {MOST_GROUPS}")
    sizes = [len(group) for group in groups]
    if any(size > MOST_FILTERS for size in sizes) or sum(sizes) > MOST_FILTERS_IN_ALL:
        raise Invalid(f"filters: at most {MOST_FILTERS} a group and {MOST_FILTERS_IN_ALL} in all")
    if not all(sizes):
        raise Invalid("filters: must not be empty")


def _filter(one: Filter, known: Known) -> Where:
    operator = text_in(one, "operator")
    make = _OPERATORS.get(operator)
    if make is None:
        raise Invalid(f"Invalid input JSON: operator {clipped(operator)} is not one of the known ones")
    return make(one, text_in(one, "propertyName"), known)


def _compared(op: Op) -> Callable[[Filter, str, Known], Where]:
    return lambda one, name, known: Compare(
        name, op, sought(known.usable(name, Action.SEARCH), _value(one, "value"), name)
    )


def _value(one: Filter, member: str) -> str:
    value = one.get(member)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return text_in(one, member)


def _between(one: Filter, name: str, known: Known) -> Where:
    field = known.usable(name, Action.SEARCH)
    low = Compare(name, Op.GE, sought(field, _value(one, "value"), name))
    return And((low, Compare(name, Op.LE, sought(field, _value(one, "highValue"), name))))


def _listed(one: Filter, name: str, known: Known) -> In:
    values = texts_in(one, "values")
    if not 0 < len(values) <= MOST_VALUES:
        raise Invalid(f"values: between 1 and {MOST_VALUES}")
    field = known.usable(name, Action.SEARCH)
    return In(name, tuple(sought(field, value, name) for value in values))


def _token(one: Filter, name: str, _: Known) -> Where:
    """Return the search for a token: ``an*`` and ``an`` by the beginnings of words, ``*an`` and ``*an*`` by parts."""
    pattern = _value(one, "value")
    part = pattern.strip("*").strip()
    if not part or "*" in part:
        raise Invalid("There was a problem with the request. A token holds a star at its ends only")
    plain = not pattern.startswith("*") and not name.startswith(EVERYWHERE)  # full text is asked for by `query` alone
    return Text(part, (name,)) if plain else Compare(name, Op.CONTAINS, part)


_OPERATORS: Final[Mapping[str, Callable[[Filter, str, Known], Where]]] = MappingProxyType(
    {
        "EQ": _compared(Op.EQ),
        "NEQ": _compared(Op.NE),
        "LT": _compared(Op.LT),
        "LTE": _compared(Op.LE),
        "GT": _compared(Op.GT),
        "GTE": _compared(Op.GE),
        "BETWEEN": _between,
        "IN": _listed,
        "NOT_IN": lambda one, name, known: Not(_listed(one, name, known)),
        "HAS_PROPERTY": lambda _, name, __: Compare(name, Op.IS_NULL, value=False),
        "NOT_HAS_PROPERTY": lambda _, name, __: Compare(name, Op.IS_NULL, value=True),
        "CONTAINS_TOKEN": _token,
        "NOT_CONTAINS_TOKEN": lambda one, name, known: Not(_token(one, name, known)),
    }
)


def _order(body: Mapping[str, Json]) -> tuple[Order, ...]:
    sorts = body.get("sorts")
    if sorts is None or sorts == []:
        return ()
    if not isinstance(sorts, list) or len(sorts) > 1:
        raise Invalid("sorts: at most one is supported")
    match sorts[0]:
        case str(name) if name.removeprefix("-"):
            return (Order(name.removeprefix("-"), descending=name.startswith("-")),)
        case {"propertyName": str(name), **rest} if name:
            return (Order(name, descending=_descending(rest.get("direction"))),)
        case _:
            raise Invalid("Invalid input JSON: a sort has a propertyName")


def _descending(direction: object) -> bool:
    found = _DESCENDING.get("ASCENDING" if direction is None else str(direction))
    if found is None:
        raise Invalid("Invalid input JSON: direction is ASCENDING or DESCENDING")
    return found
