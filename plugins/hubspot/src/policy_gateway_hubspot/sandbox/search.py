"""The search endpoint: filter groups, sorts, paging and their limits."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from policy_gateway_hubspot.sandbox.schema import Property
from policy_gateway_hubspot.sandbox.state import Item, Items, World
from policy_gateway_hubspot.sandbox.values import day_of, moment_of, shown, value_of
from policy_gateway_hubspot.sandbox.wire import Answer, Asked, Json, invalid, strings, text
from policy_gateway_hubspot.sandbox.wire import items as json_items

MAX_GROUPS: Final = 5
MAX_FILTERS: Final = 6
MAX_FILTERS_IN_ALL: Final = 18
MAX_LIMIT: Final = 200
MAX_WINDOW: Final = 10_000
MAX_TERM: Final = 3_000

Comparable: TypeAlias = "str | float"
Test: TypeAlias = "Callable[[Item], bool]"

_SEARCHED: Final = MappingProxyType(
    {
        "contacts": ("firstname", "lastname", "email", "phone", "mobilephone", "company", "hs_object_id"),
        "companies": ("name", "domain", "website", "phone"),
    }
)
_ORDERED: Final[Mapping[str, Callable[[Any, Any], bool]]] = MappingProxyType(
    {
        "LT": operator.lt,
        "LTE": operator.le,
        "GT": operator.gt,
        "GTE": operator.ge,
        "EQ": operator.eq,
        "NEQ": operator.ne,
    }
)


def searched(kind: str) -> tuple[str, ...]:
    """Return the properties that a full-text search of *kind* looks into."""
    return _SEARCHED.get(kind, ())


def search(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/{objectType}/search``."""
    items = world.of(asked.segments[2])
    body = asked.json()
    limit, after = _window(body)
    tests = _groups(items, body)
    term = body.get("query")
    found = [item for item in items.live.values() if not tests or _fits(tests, item)]
    if term is not None:
        found = [item for item in found if _mentions(items, item, text(term, "query"))]
    found = _sorted(items, found, body)
    properties = strings(body, "properties")
    page = found[after : after + limit]
    results: list[Json] = [record(items, item, properties, asked) for item in page]
    answer: dict[str, Json] = {"total": len(found), "results": results}
    if after + limit < len(found):
        answer["paging"] = {"next": {"after": str(after + limit)}}
    return Answer(200, answer)


def _fits(groups: list[list[Test]], item: Item) -> bool:
    return any(all(test(item) for test in group) for group in groups)


def record(items: Items, item: Item, names: tuple[str, ...], asked: Asked) -> dict[str, Json]:
    """Return *item* as the objects API shows it."""
    told: dict[str, Json] = {
        "id": item.id,
        "properties": shown(items, item, names, nulls=asked.dialect == "v3"),
        "createdAt": item.created,
        "updatedAt": item.updated,
        "archived": bool(item.archived),
    }
    if item.archived:
        told["archivedAt"] = item.archived
    return told


def _window(body: Mapping[str, Json]) -> tuple[int, int]:
    limit, after = body.get("limit", 10), body.get("after") or "0"
    if isinstance(after, int):
        after = str(after)
    if not isinstance(limit, int) or isinstance(limit, bool) or not 0 <= limit <= MAX_LIMIT:
        raise invalid(f"Invalid input JSON: limit must be at most {MAX_LIMIT}")
    if not isinstance(after, str) or not after.isdigit():
        raise invalid("Invalid input JSON: after must be a paging cursor")
    if int(after) + limit > MAX_WINDOW:
        raise invalid(f"Paging limit exceeded: a search returns at most {MAX_WINDOW} results")
    return limit, int(after)


def _groups(items: Items, body: Mapping[str, Json]) -> list[list[Test]]:
    groups = json_items(body, "filterGroups")
    filters = [json_items(group, "filters") for group in groups]
    if len(groups) > MAX_GROUPS:
        raise invalid(f"filterGroups: must have at most {MAX_GROUPS}")
    if any(len(each) > MAX_FILTERS for each in filters) or sum(map(len, filters)) > MAX_FILTERS_IN_ALL:
        raise invalid(f"filters: at most {MAX_FILTERS} a group and {MAX_FILTERS_IN_ALL} in all")
    if any(not each for each in filters):
        raise invalid("filters: must not be empty")
    return [[_test(items, each) for each in group] for group in filters]


def _test(items: Items, condition: Mapping[str, Json]) -> Test:
    name = text(condition.get("propertyName"), "propertyName")
    definition = items.properties.get(name)
    if definition is None:
        raise invalid(f"There was a problem with the request. {name[:60]} is not a valid property name")
    how = text(condition.get("operator"), "operator")
    match how:
        case "HAS_PROPERTY" | "NOT_HAS_PROPERTY":
            return _present(items, name, wanted=how == "HAS_PROPERTY")
        case "IN" | "NOT_IN":
            return _listed(items, definition, strings(condition, "values"), wanted=how == "IN")
        case "CONTAINS_TOKEN" | "NOT_CONTAINS_TOKEN":
            pattern = text(condition.get("value"), "value")
            return _token(items, name, pattern, wanted=how == "CONTAINS_TOKEN")
        case "BETWEEN":
            return _between(items, definition, condition)
        case _ if how in _ORDERED:
            return _compared(items, definition, how, text(condition.get("value"), "value"))
        case _:
            raise invalid(f"Invalid input JSON: operator {how[:20]} is not one of the known ones")


def _present(items: Items, name: str, *, wanted: bool) -> Test:
    return lambda item: bool(value_of(items, item, name)) is wanted


def _compared(items: Items, definition: Property, how: str, value: str) -> Test:
    theirs = comparable(definition, value)
    if theirs is None:
        raise invalid(f"There was a problem with the request. The value for {definition.name} is not valid")
    compare = _ORDERED[how]

    def test(item: Item) -> bool:
        mine = comparable(definition, value_of(items, item, definition.name) or "")
        return mine is not None and mine != "" and compare(mine, theirs)

    return test


def _between(items: Items, definition: Property, condition: Mapping[str, Json]) -> Test:
    low = _compared(items, definition, "GTE", text(condition.get("value"), "value"))
    high = _compared(items, definition, "LTE", text(condition.get("highValue"), "highValue"))
    return lambda item: low(item) and high(item)


def _listed(items: Items, definition: Property, values: tuple[str, ...], *, wanted: bool) -> Test:
    """Test membership; of text properties only lower-case values are ever found, as the vendor documents."""
    if not values:
        raise invalid("values: must not be empty")
    chosen = frozenset(values)

    def test(item: Item) -> bool:
        value = value_of(items, item, definition.name)
        if not value:
            return False
        mine = value.split(";") if definition.field_type == "checkbox" else [value]
        if definition.type == "string":
            mine = [each.lower() for each in mine]
        return (not chosen.isdisjoint(mine)) is wanted

    return test


def _token(items: Items, name: str, pattern: str, *, wanted: bool) -> Test:
    words = [re.compile(".*".join(map(re.escape, word.split("*")))) for word in pattern.lower().split()]
    if not words or len(pattern) > MAX_TERM:
        raise invalid("value: must be a term")

    def test(item: Item) -> bool:
        value = value_of(items, item, name)
        if not value:
            return False
        tokens = tokens_of(value)
        return all(any(word.fullmatch(token) for token in tokens) for word in words) is wanted

    return test


def tokens_of(value: str) -> set[str]:
    """Return what a term can match: the value, its words, and the words between punctuation, all in lower case."""
    lowered = value.lower()
    return {lowered, *lowered.split(), *re.findall(r"\w+", lowered)}


def comparable(definition: Property, value: str) -> Comparable | None:
    """Return *value* in the form in which the vendor compares this type; None when it is not of the type."""
    match definition.type:
        case "number":
            try:
                return float(value)
            except ValueError:
                return None
        case "date":
            return day_of(value)
        case "datetime":
            return moment_of(value)
        case _:
            return value.lower()


def _mentions(items: Items, item: Item, term: str) -> bool:
    """Full-text search over the kind's default properties, hidden from a caller who may not read them."""
    if len(term) > MAX_TERM:
        raise invalid("query: is too long")
    tokens: set[str] = set()
    for name in searched(items.kind.name):
        tokens |= tokens_of(value_of(items, item, name) or "")
    return all(any(token.startswith(word) for token in tokens) for word in term.lower().split())


def _sorted(items: Items, found: list[Item], body: Mapping[str, Json]) -> list[Item]:
    sorts = body.get("sorts") or []
    if not isinstance(sorts, list) or len(sorts) > 1:
        raise invalid("sorts: at most one is supported")
    if not sorts:
        return found
    match sorts[0]:
        case str(name):
            name, descending = name.removeprefix("-"), name.startswith("-")
        case {"propertyName": str(name), **rest}:
            descending = rest.get("direction", "ASCENDING") == "DESCENDING"
        case _:
            raise invalid("Invalid input JSON: a sort has a propertyName")
    definition = items.properties.get(name)
    if definition is None:
        raise invalid("There was a problem with the request. A sort names no valid property")
    with_value: list[tuple[Comparable, Item]] = []
    without: list[Item] = []
    for item in found:
        value = comparable(definition, value_of(items, item, name) or "")
        if value is None or value == "":
            without.append(item)
        else:
            with_value.append((value, item))
    with_value.sort(key=lambda pair: pair[0], reverse=descending)
    return [item for _, item in with_value] + without
