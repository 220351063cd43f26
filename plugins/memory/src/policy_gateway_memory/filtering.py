"""The algebra of filters as predicates over rows.

A record without a value is equal to nothing, less than nothing and greater than nothing; so it is different from
everything. Texts are compared without regard to case; phone numbers and e-mail addresses by what they reach.
"""

from __future__ import annotations

import operator
import re
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, TypeAlias

import phonenumbers

from policy_gateway.errors import FieldRefused, InvalidCall
from policy_gateway.model.field import ID_PATH, Field, FieldType, Resource
from policy_gateway.query import And, Compare, In, Literal, Not, Op, Or, RelativeDate, Text, Where
from policy_gateway_memory.crm import Row
from policy_gateway_memory.mapping import instant, typed

Test: TypeAlias = Callable[[Row], bool]
_UNORDERED = frozenset({FieldType.BOOLEAN, FieldType.TEXTS, FieldType.PHONE, FieldType.EMAIL})
_TEXTUAL = frozenset({FieldType.TEXT, FieldType.NAME, FieldType.PHONE, FieldType.EMAIL, FieldType.CHOICE})
_ORDER: Mapping[Op, Callable[[Any, Any], bool]] = MappingProxyType(
    {Op.LT: operator.lt, Op.LE: operator.le, Op.GT: operator.gt, Op.GE: operator.ge}
)


def predicate(where: Where | None, resource: Resource, region: str) -> Test:
    """Return the test for *where*. *region* is where phone numbers without a country code belong (``DE``).

    Raises InvalidCall for what cannot be compared, FieldRefused for a field that does not exist.
    """
    match where:
        case None:
            return lambda _: True
        case And(items):
            tests = [predicate(item, resource, region) for item in items]
            return lambda row: all(test(row) for test in tests)
        case Or(items):
            tests = [predicate(item, resource, region) for item in items]
            return lambda row: any(test(row) for test in tests)
        case Not(item):
            inner = predicate(item, resource, region)
            return lambda row: not inner(row)
        case Text(term, paths):
            return _words(term, [_searched(path, resource) for path in paths])
        case In(path, tuple(values)):
            tests = [_compare(_searched(path, resource), Op.EQ, value, region) for value in values]
            return lambda row: any(test(row) for test in tests)
        case Compare(path, op, value):
            return _compare(_searched(path, resource), op, value, region)
        case _:
            raise InvalidCall("this connection cannot filter by a sub-query")


def _searched(path: str, resource: Resource) -> Field:
    field = resource.fields.get(path)
    if field is None:
        raise FieldRefused
    return field


def _compare(field: Field, op: Op, value: Literal, region: str) -> Test:
    name = field.native
    if op is Op.IS_NULL:
        if not isinstance(value, bool):
            raise InvalidCall("`null` is compared with true or false")
        return lambda row: (row.get(name) in (None, "", (), [])) is value
    if value is None or isinstance(value, RelativeDate):
        raise InvalidCall("compare with a value; for having none use `null`")
    if field.type is FieldType.TEXTS:
        return _has_item(name, op, value)
    sought = typed(field, value if value != "" else None)
    if op in {Op.PREFIX, Op.CONTAINS}:
        return _part(field, op, value)
    key = _keys(field, region)
    if op in {Op.EQ, Op.NE}:
        wanted = None if sought is None else key(sought)
        return _equal(name, op, wanted, key)
    return _ordered(field, op, key(sought) if sought is not None else None, key)


def _equal(name: str, op: Op, wanted: object, key: Callable[[object], object]) -> Test:
    def found(row: Row) -> bool:
        return wanted is not None and row.get(name) is not None and key(row[name]) == wanted

    return found if op is Op.EQ else lambda row: not found(row)


def _has_item(name: str, op: Op, value: object) -> Test:
    if op not in {Op.EQ, Op.NE, Op.CONTAINS} or not isinstance(value, str):
        raise InvalidCall("a list can be asked whether it contains a text")

    def found(row: Row) -> bool:
        items = row.get(name)
        return isinstance(items, list | tuple) and value in items

    return (lambda row: not found(row)) if op is Op.NE else found


def _part(field: Field, op: Op, value: object) -> Test:
    if field.type not in _TEXTUAL or not isinstance(value, str) or not value:
        raise InvalidCall("only texts have parts")
    name, part = field.native, value.casefold()

    def found(row: Row) -> bool:
        text = row.get(name)
        if not isinstance(text, str):
            return False
        return text.casefold().startswith(part) if op is Op.PREFIX else part in text.casefold()

    return found


def _ordered(field: Field, op: Op, wanted: object, key: Callable[[object], object]) -> Test:
    if field.type in _UNORDERED or wanted is None:
        raise InvalidCall("values of this field have no order")
    name = field.native
    compare = _ORDER[op]
    return lambda row: row.get(name) is not None and compare(key(row[name]), wanted)


def _words(term: str, fields: list[Field]) -> Test:
    if not fields or not term.strip():
        raise InvalidCall("a text search needs a term and fields")
    sought = term.strip().casefold()
    names = [field.native for field in fields]

    def found(row: Row) -> bool:
        texts = [text.casefold() for name in names if isinstance(text := row.get(name), str)]
        return any(text[start.start() :].startswith(sought) for text in texts for start in re.finditer(r"\b\w", text))

    return found


def sort_key(field: Field) -> Callable[[Row], tuple[bool, object]]:
    """Return the key that sorts rows by *field*, those without a value last. InvalidCall when it has no order."""
    if field.type is FieldType.TEXTS:
        raise InvalidCall("a list has no order")
    key, name = _keys(field, ""), field.native
    return lambda row: (row.get(name) is None, 0 if row.get(name) is None else key(row[name]))


def _id_key(value: object) -> tuple[int, str]:
    """Return numbers by their size, and before any other id."""
    text = str(value)
    return (int(text), "") if text.isdecimal() else (sys.maxsize, text)


def _keys(field: Field, region: str) -> Callable[[object], object]:
    match field.type:
        case _ if field.path == ID_PATH:
            return _id_key
        case FieldType.DATE | FieldType.DATETIME:
            return lambda value: instant(str(value))
        case FieldType.DECIMAL:
            return lambda value: Decimal(str(value))
        case FieldType.INTEGER | FieldType.BOOLEAN:
            return lambda value: value
        case FieldType.PHONE:
            return lambda value: _reached(str(value), region)
        case FieldType.EMAIL:
            return lambda value: str(value).strip().casefold()
        case _:
            return lambda value: str(value).casefold()


def _reached(number: str, region: str) -> str:
    """Return *number* in E.164, or as it is when it is no number that could be dialed."""
    try:
        return phonenumbers.format_number(
            phonenumbers.parse(number, region or None), phonenumbers.PhoneNumberFormat.E164
        )
    except phonenumbers.NumberParseException:
        return number.strip()
