"""The algebra of filters as SOQL's conditions.

A record without a value is different from everything, as for the vendor itself; what the vendor does not say of NOT is
written out. Texts are compared without regard to case, as it compares them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from policy_gateway.errors import InvalidCall
from policy_gateway.model.field import FieldType, Resource, Value
from policy_gateway.query import And, Compare, In, Not, Op, Or, Query, RelativeDate, Text, Unit, Where
from policy_gateway_salesforce import routes
from policy_gateway_salesforce.catalogue import Org
from policy_gateway_salesforce.literals import (
    MOMENTS,
    NUMBERS,
    WORDS,
    between_milliseconds,
    item,
    literal,
    loose,
    never,
    pattern,
    quoted,
    scattered,
)
from policy_gateway_salesforce.numbers import national
from policy_gateway_salesforce.routes import Route

Condition: TypeAlias = str | bool
"""SOQL; or True for every record, False for none."""

FARTHEST: Final = 36_500
"""How many days away from today a relative date may be."""

_SIGNS: Final = MappingProxyType({Op.EQ: "=", Op.NE: "!=", Op.LT: "<", Op.LE: "<=", Op.GT: ">", Op.GE: ">="})
_OPPOSITES: Final = MappingProxyType(
    {Op.EQ: Op.NE, Op.NE: Op.EQ, Op.LT: Op.GE, Op.GE: Op.LT, Op.GT: Op.LE, Op.LE: Op.GT}
)
_EQUALITY: Final = frozenset({Op.EQ, Op.NE})
_PARTS: Final = frozenset({Op.PREFIX, Op.CONTAINS})
_ORDERED: Final = MOMENTS | NUMBERS | {FieldType.TEXT, FieldType.NAME, FieldType.EMAIL}
_COLLATED: Final = frozenset({FieldType.TEXT, FieldType.NAME, FieldType.EMAIL})
_DAYS: Final = MappingProxyType({Unit.DAY: 1, Unit.WEEK: 7})


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition for the org; not *exact* when it finds more than was meant, so that each record is looked at."""

    condition: Condition
    exact: bool = True


def filtering(org: Org, resource: Resource, where: Where | None, region: str) -> Filter:
    """Return *where* in SOQL. InvalidCall for what cannot be asked, FieldRefused for a field that does not exist."""
    if where is None:
        return Filter(condition=True)
    translation = _Translation(org, resource, region)
    condition = translation.condition(where, holds=True)
    if not translation.exact and not translation.comparable:
        raise InvalidCall("Salesforce cannot be asked for these conditions at once")
    return Filter(condition, translation.exact)


def conjunction(parts: Iterable[Condition]) -> Condition:
    """Return what holds when all of *parts* do."""
    return _joined(parts, " AND ", neutral=True)


class _Translation:
    """One translation of one resource's conditions.

    *exact* turns False when one of them can only be asked too widely; *comparable* when one can only be judged by the
    org (today is another day elsewhere, texts sort by a language).
    """

    def __init__(self, org: Org, resource: Resource, region: str) -> None:
        self._org = org
        self._resource = resource
        self._region = region
        self.joins = 0
        self.exact = True
        self.comparable = True

    def condition(self, where: Where, *, holds: bool) -> Condition:
        """Return what finds the records for which *where* holds, or those for which it does not."""
        match where:
            case And(items) | Or(items):
                return self._several(items, holds=holds, every=isinstance(where, And) is holds)
            case Not(inner):
                return self.condition(inner, holds=not holds)
            case Text(term, paths):
                return self._text(term, paths, holds=holds)
            case In(path, values):
                route = self._searched(path)
                if isinstance(values, Query):
                    return self._semi_join(route, values, holds=holds)
                return self._of_its_kind(route, self._membership(route, values, holds=holds), holds=holds)
            case Compare(path, op, value):
                route = self._searched(path)
                positive = (op is Op.NE or (op is Op.IS_NULL and value is True)) is not holds
                return self._of_its_kind(route, self._comparison(route, where, holds=holds), holds=positive)

    def _several(self, items: Sequence[Where], *, holds: bool, every: bool) -> Condition:
        joins = self.joins
        parts = [self.condition(each, holds=holds) for each in items]
        if every:
            return conjunction(parts)
        if self.joins > joins and len(parts) > 1:
            raise InvalidCall("Salesforce takes a sub-query in no alternative")
        return _either(*parts)

    def _searched(self, path: str) -> Route:
        route = routes.route(self._org, self._resource, path)
        if not route.field.searchable:
            raise InvalidCall("a field cannot be searched in Salesforce")
        return route

    def _of_its_kind(self, route: Route, condition: Condition, *, holds: bool) -> Condition:
        """Leave out what a reference finds in objects that are not offered."""
        path = ""
        for step in route.steps:
            path += f"{step.relationship}."
            if step.only and holds:
                condition = conjunction((f"{path}Type = {quoted(step.only)}", condition))
            elif step.only:
                condition = _either(f"{path}Type != {quoted(step.only)}", f"{path}Type = null", condition)
        return condition

    def _comparison(self, route: Route, compare: Compare, *, holds: bool) -> Condition:
        op, value, kind = compare.op, compare.value, route.field.type
        if op is Op.IS_NULL:
            return _presence(route, value, holds=holds)
        if value is None:
            raise InvalidCall("compare with a value; for having none use `null`")
        if isinstance(value, RelativeDate):
            self.comparable = False
            return _relative(route, op, value, holds=holds)
        if kind is FieldType.TEXTS:
            return _has_item(route, op, value, holds=holds)
        if op in _PARTS:
            return self._part(route, op, value, holds=holds)
        op = op if holds else _OPPOSITES[op]
        if kind is FieldType.BOOLEAN:
            return _truth(route, op, value)
        if kind is FieldType.PHONE and op in _EQUALITY:
            return self._numbers(route, (value,), holds=op is Op.EQ)
        if op in _EQUALITY:
            return _equality(route, op, value)
        return self._order(route, op, value, holds=holds)

    def _order(self, route: Route, op: Op, value: Value, *, holds: bool) -> Condition:
        kind = route.field.type
        if kind not in _ORDERED:
            raise InvalidCall("values of this field have no order")
        if kind in _COLLATED:
            self.comparable = False
        if between_milliseconds(route.field, value):
            op = {Op.GE: Op.GT, Op.LT: Op.LE}.get(op, op)
        found = f"{route.native} {_SIGNS[op]} {literal(route.field, value)}"
        return found if holds else _either(found, f"{route.native} = null")

    def _part(self, route: Route, op: Op, value: Value, *, holds: bool) -> Condition:
        if route.field.type not in WORDS or route.is_id or not isinstance(value, str):
            raise InvalidCall("parts can only be found in texts")
        found = f"{route.native} LIKE {pattern(value, '%' if op is Op.CONTAINS else '', '%')}"
        if loose(value):
            self.exact = False
            return found if holds else True
        return found if holds else _either(f"(NOT {found})", f"{route.native} = null")

    def _numbers(self, route: Route, values: Iterable[Value], *, holds: bool) -> Condition:
        """Find telephone numbers however they are written: by their digits in order, then by looking at each."""
        found: list[Condition] = []
        for value in dict.fromkeys(values):
            if not isinstance(value, str) or not value:
                raise InvalidCall("a telephone number is a text")
            digits = national(value, self._region)
            if digits:
                self.exact = False
            # What is no number can only be written as it is.
            found.append(f"{route.native} LIKE {scattered(digits)}" if digits else f"{route.native} = {quoted(value)}")
        if holds:
            return _either(*found)
        self.exact = self.exact and not found
        return True

    def _membership(self, route: Route, values: tuple[Value, ...], *, holds: bool) -> Condition:
        field, native = route.field, route.native
        if not values:
            return not holds
        if field.type is FieldType.PHONE:
            return self._numbers(route, values, holds=holds)
        if field.type is FieldType.BOOLEAN:
            return _either(*(_truth(route, Op.EQ, value) for value in values)) if holds else _no_truth(route, values)
        if field.type is FieldType.TEXTS:
            return _has_items(route, values, holds=holds)
        listed = ", ".join(dict.fromkeys(literal(field, value) for value in values if not never(field, value)))
        if not listed:
            return not holds
        found = f"{native} {'IN' if holds else 'NOT IN'} ({listed})"
        return found if holds or route.is_id else _either(found, f"{native} = null")

    def _text(self, term: str, paths: tuple[str, ...], *, holds: bool) -> Condition:
        """Find words by the letters in them, path by path: the vendor's own search would look into other fields."""
        found = [self._searched(path) for path in paths]
        if not found or any(route.field.type not in WORDS or route.is_id for route in found):
            raise InvalidCall("a text search needs a term, and fields that hold text")
        words = term.split()
        if not words or not all(any(letter.isalnum() for letter in word) for word in words):
            raise InvalidCall("a search term consists of words")
        self.exact = False
        if not holds:
            return True
        inner = "%".join(pattern(word, "", "")[1:-1] for word in words)
        parts = [self._of_its_kind(route, f"{route.native} LIKE '%{inner}%'", holds=True) for route in found]
        return _either(*parts)

    def _semi_join(self, route: Route, query: Query, *, holds: bool) -> Condition:
        match query:
            case Query(select=(str(path),), target=None, group=(), having=None, order=(), limit=None, cursor=None):
                inner = routes.resource(self._org, query.resource)
            case _:
                raise InvalidCall("a sub-query selects one field, and does not sort or end")
        selected = routes.route(self._org, inner, path)
        if not _is_key(route) or not _is_key(selected) or inner.name == self._resource.name:
            raise InvalidCall("a sub-query finds references to other objects, or what they refer to")
        translation = _Translation(self._org, inner, self._region)
        condition = True if query.where is None else translation.condition(query.where, holds=True)
        if not translation.exact or translation.joins:
            raise InvalidCall("Salesforce cannot be asked for these conditions in a sub-query")
        self.joins += 1
        self.comparable = False
        present = True if selected.is_id else f"{selected.native} != null"
        condition = conjunction((condition, present))
        if condition is False:
            return not holds
        clause = "" if condition is True else f" WHERE {condition}"
        return f"{route.native} {'IN' if holds else 'NOT IN'} (SELECT {selected.native} FROM {inner.native}{clause})"  # noqa: S608 -- literals are quoted


def _joined(parts: Iterable[Condition], word: str, *, neutral: bool) -> Condition:
    """Join *parts*, of which *neutral* ones change nothing and the opposite decides."""
    kept = list(dict.fromkeys(part for part in parts if part is not neutral))
    if any(part is not neutral and isinstance(part, bool) for part in kept):
        return not neutral
    if not kept:
        return neutral
    return str(kept[0]) if len(kept) == 1 else f"({word.join(map(str, kept))})"


def _either(*parts: Condition) -> Condition:
    return _joined(parts, " OR ", neutral=False)


def _is_key(route: Route) -> bool:
    return not route.steps and (route.is_id or route.field.type is FieldType.REFERENCE)


def _presence(route: Route, value: object, *, holds: bool) -> Condition:
    if not isinstance(value, bool):
        raise InvalidCall("`null` is compared with true or false")
    empty = value is holds
    if route.field.type is FieldType.BOOLEAN or route.is_id:
        # A checkbox always has a value, and so has an id; unless there is no record that could.
        return f"{route.reference} {'=' if empty else '!='} null" if route.reference else not empty
    return f"{route.native} {'=' if empty else '!='} null"


def _truth(route: Route, op: Op, value: object) -> Condition:
    """Compare a checkbox; where there is no record that could have one, the vendor takes it for an empty one."""
    if op not in _EQUALITY or not isinstance(value, bool):
        raise InvalidCall("a checkbox is true or false")
    same = op is Op.EQ
    found = f"{route.native} = {'TRUE' if value is same else 'FALSE'}"
    if not route.reference:
        return found
    if same:
        return conjunction((found, f"{route.reference} != null"))
    return _either(found, f"{route.reference} = null")


def _equality(route: Route, op: Op, value: Value) -> Condition:
    if never(route.field, value):
        return op is Op.NE
    found = f"{route.native} {_SIGNS[op]} {literal(route.field, value)}"
    return _either(found, f"{route.native} = null") if op is Op.NE and not route.is_id else found


def _no_truth(route: Route, values: Iterable[Value]) -> Condition:
    return conjunction(_truth(route, Op.NE, value) for value in values)


def _has_item(route: Route, op: Op, value: Value, *, holds: bool) -> Condition:
    if op not in {Op.EQ, Op.NE, Op.CONTAINS}:
        raise InvalidCall("a list can be asked whether it contains a text")
    return _has_items(route, (value,), holds=(op is not Op.NE) is holds)


def _has_items(route: Route, values: Iterable[Value], *, holds: bool) -> Condition:
    listed = ", ".join(dict.fromkeys(quoted(item(route.field, value)) for value in values))
    return f"{route.native} {'INCLUDES' if holds else 'EXCLUDES'} ({listed})"


def _relative(route: Route, op: Op, value: RelativeDate, *, holds: bool) -> Condition:
    """Compare with a day counted from the org's own today; each side of it begins where a day ends."""
    if route.field.type not in MOMENTS or value.unit not in _DAYS or abs(value.n) > FARTHEST or op not in _SIGNS:
        raise InvalidCall("a relative date is a number of days or weeks from today")
    day = value.n * _DAYS[value.unit]
    name = route.native
    before, until = f"{name} <= {_span(day - 1)}", f"{name} <= {_span(day)}"
    since, after = f"{name} > {_span(day - 1)}", f"{name} > {_span(day)}"
    found: dict[Op, Condition] = {
        Op.LT: before,
        Op.LE: until,
        Op.GE: since,
        Op.GT: after,
        Op.EQ: conjunction((since, until)),
        Op.NE: _either(before, after),
    }
    condition = found[op if holds else _OPPOSITES[op]]
    return condition if holds is (op is not Op.NE) else _either(condition, f"{name} = null")


def _span(day: int) -> str:
    if day == 0:
        return "TODAY"
    return f"N_DAYS_AGO:{-day}" if day < 0 else f"NEXT_N_DAYS:{day}"
