"""The algebra of filters as HubSpot's filter groups: at most five alternatives of at most six conditions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from types import MappingProxyType
from typing import Final, TypeAlias

from policy_gateway.errors import FieldRefused, InvalidCall
from policy_gateway.model.field import ID_PATH, Field, FieldType, Resource, Value
from policy_gateway.query import And, Compare, In, Literal, Not, Op, Or, RelativeDate, Text, Where
from policy_gateway_hubspot.catalogue import OBJECT_ID, SEARCHABLE_NUMBERS, natives_of, option_of
from policy_gateway_hubspot.mapping import ID, written
from policy_gateway_hubspot.numbers import national

MAX_GROUPS: Final = 5
MAX_FILTERS: Final = 6
MAX_FILTERS_IN_ALL: Final = 18
MAX_VALUES: Final = 100

_WORDS: Final = frozenset({FieldType.TEXT, FieldType.NAME, FieldType.EMAIL})
_ORDERED: Final = frozenset({FieldType.DATE, FieldType.DATETIME, FieldType.INTEGER, FieldType.DECIMAL})


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition: *operator* on property *name*; *values* where the operator takes several."""

    name: str
    operator: str
    value: str | None = None
    values: tuple[str, ...] = ()

    def body(self) -> dict[str, object]:
        """Return it as the search endpoint takes it."""
        told: dict[str, object] = {"propertyName": self.name, "operator": self.operator}
        if self.value is not None:
            told["value"] = self.value
        if self.values:
            told["values"] = list(self.values)
        return told


Group: TypeAlias = frozenset[Filter]
Groups: TypeAlias = frozenset[Group]

EVERYTHING: Final[Groups] = frozenset({frozenset()})
NOTHING: Final[Groups] = frozenset()

_OPERATORS: Final = MappingProxyType({Op.EQ: "EQ", Op.NE: "NEQ", Op.LT: "LT", Op.LE: "LTE", Op.GT: "GT", Op.GE: "GTE"})
_OPPOSITES: Final = MappingProxyType(
    {Op.EQ: Op.NE, Op.NE: Op.EQ, Op.LT: Op.GE, Op.GE: Op.LT, Op.GT: Op.LE, Op.LE: Op.GT}
)


@dataclass(frozen=True, slots=True)
class Search:
    """*groups* for HubSpot, and the *term* that its own full-text search is to find besides.

    Not *exact* when the groups find more than is meant, so that each record must be looked at: it is meant if *rest*
    holds.
    """

    groups: Groups
    rest: Where
    exact: bool = True
    term: str = ""


def search(where: Where, resource: Resource, region: str) -> Search:
    """Return *where* as filter groups.

    A record without a value is neither equal to anything nor different from it, whichever way round it is asked.
    Raises InvalidCall for what HubSpot cannot be asked, FieldRefused for a field that does not exist.
    """
    term, rest = _full_text(where, resource)
    translation = _Translation(resource, region)
    groups = translation.groups(rest, holds=True)
    if groups >= EVERYTHING:
        return Search(EVERYTHING, rest, term=term)
    if len(groups) > MAX_GROUPS or any(len(group) > MAX_FILTERS for group in groups):
        raise InvalidCall(f"HubSpot takes at most {MAX_GROUPS} alternatives of {MAX_FILTERS} conditions each")
    if sum(map(len, groups)) > MAX_FILTERS_IN_ALL:
        raise InvalidCall(f"HubSpot takes at most {MAX_FILTERS_IN_ALL} conditions in all")
    return Search(groups, rest, translation.exact, term)


def _full_text(where: Where, resource: Resource) -> tuple[str, Where]:
    """Return the term that HubSpot's own full-text search can find, and the rest of *where*.

    That search looks into certain properties, whether they are named or not; so it is used only where all of them are.
    """
    own = frozenset(resource.searched)
    parts = where.items if isinstance(where, And) else (where,)
    for part in parts:
        if isinstance(part, Text) and own and frozenset(part.paths) == own:
            _words(part.term)
            return part.term, And(tuple(each for each in parts if each is not part))
    return "", where


class _Translation:
    """One translation; *exact* turns False when some condition can only be asked too widely."""

    def __init__(self, resource: Resource, region: str) -> None:
        self._resource = resource
        self._region = region
        self.exact = True

    def groups(self, where: Where, *, holds: bool) -> Groups:
        """Return the groups that find where *where* holds, or where it does not."""
        match where:
            case And(items) | Or(items):
                parts = [self.groups(item, holds=holds) for item in items]
                return _all(parts) if isinstance(where, And) is holds else frozenset().union(*parts)
            case Not(item):
                return self.groups(item, holds=not holds)
            case Text(term, paths):
                return self._text(term, paths, holds=holds)
            case In(path, tuple(values)):
                return self._membership(self._searched(path), values, holds=holds)
            case Compare(path, op, value):
                return self._comparison(self._searched(path), op, value, holds=holds)
            case _:
                raise InvalidCall("HubSpot cannot filter by a sub-query")

    def _searched(self, path: str) -> Field:
        field = self._resource.fields.get(path)
        if field is None:
            raise FieldRefused
        if not field.searchable:
            raise InvalidCall("a field cannot be searched in HubSpot")
        return field

    def _comparison(self, field: Field, op: Op, value: Literal, *, holds: bool) -> Groups:
        if op is Op.IS_NULL:
            return _presence(field, value, holds=holds)
        if value is None or isinstance(value, RelativeDate):
            raise InvalidCall("compare with a value; for having none use `null`")
        if len(natives_of(field)) > 1:
            raise InvalidCall("a compound can only be searched by words")
        if field.type is FieldType.TEXTS:
            return _has_item(field, op, value, holds=holds)
        if op in {Op.PREFIX, Op.CONTAINS}:
            return self._part(field, value, holds=holds)
        op = op if holds else _OPPOSITES[op]
        if field.type is FieldType.PHONE:
            return self._numbers(field, (value,), holds=op is Op.EQ, plain=op in {Op.EQ, Op.NE})
        if op not in {Op.EQ, Op.NE} and (field.type not in _ORDERED):
            raise InvalidCall("values of this field have no order")
        return _one(Filter(_property(field), _OPERATORS[op], _literal(field, value)))

    def _membership(self, field: Field, values: tuple[Value, ...], *, holds: bool) -> Groups:
        if not values:
            return NOTHING if holds else EVERYTHING
        if len(values) > MAX_VALUES or len(natives_of(field)) > 1:
            raise InvalidCall(f"a membership takes at most {MAX_VALUES} values of one field")
        if field.type is FieldType.PHONE:
            return self._numbers(field, values, holds=holds, plain=True)
        literals = [
            _item(field, value) if field.type is FieldType.TEXTS else _literal(field, value) for value in values
        ]
        # HubSpot compares texts without regard to case, but a list of them only if it is in lower case.
        chosen = {each.lower() if field.type in _WORDS else each for each in literals}
        return _one(Filter(_property(field), "IN" if holds else "NOT_IN", values=tuple(sorted(chosen))))

    def _numbers(self, field: Field, values: Iterable[Value], *, holds: bool, plain: bool) -> Groups:
        """Find telephone numbers however they are written: by their national digits, then by looking at each."""
        searchable = SEARCHABLE_NUMBERS.get(field.native)
        if not holds or not plain or searchable is None:
            raise InvalidCall("telephone numbers can only be looked up")
        if any(not isinstance(value, str) or not value for value in values):
            raise InvalidCall("a telephone number is a text")
        digits = {found for value in values if (found := national(str(value), self._region))}
        if not digits:
            return NOTHING
        self.exact = False
        if len(digits) == 1:
            return _one(Filter(searchable, "EQ", digits.pop()))
        return _one(Filter(searchable, "IN", values=tuple(sorted(digits))))

    def _part(self, field: Field, value: Value, *, holds: bool) -> Groups:
        """Find parts of texts by the words in them, which is wider than meant; so its opposite cannot be asked."""
        if field.type not in _WORDS or field.path == ID_PATH or not isinstance(value, str) or not holds:
            raise InvalidCall("parts can only be found in texts")
        self.exact = False
        return frozenset({frozenset(Filter(field.native, "CONTAINS_TOKEN", f"*{word}*") for word in _words(value))})

    def _text(self, term: str, paths: tuple[str, ...], *, holds: bool) -> Groups:
        """Search by words, path by path: HubSpot's own full-text search would look into fields that are not named."""
        fields = [self._searched(path) for path in paths]
        words = _words(term)
        if not fields or any(field.type not in _WORDS or field.path == ID_PATH for field in fields):
            raise InvalidCall("a text search needs a term, and fields that hold text")
        if len(words) > 1 and not holds:
            raise InvalidCall("not having several words cannot be asked")
        self.exact = self.exact and len(words) == 1
        operator = "CONTAINS_TOKEN" if holds else "NOT_CONTAINS_TOKEN"
        natives = dict.fromkeys(native for field in fields for native in natives_of(field))
        if len(words) > 1 and any(len(natives_of(field)) > 1 for field in fields):
            raise InvalidCall("a compound can only be searched by one word")
        found = [frozenset(Filter(native, operator, f"{word}*") for word in words) for native in natives]
        return frozenset(found) if holds else _all([frozenset({group}) for group in found])


def _all(parts: list[Groups]) -> Groups:
    """Return the conjunction of *parts*, giving up as soon as it is more than HubSpot takes."""
    if NOTHING in parts:
        return NOTHING
    groups = EVERYTHING
    for part in parts:
        groups = frozenset(one | other for one, other in product(groups, part))
        if len(groups) > MAX_GROUPS * MAX_FILTERS:
            raise InvalidCall(f"HubSpot takes at most {MAX_GROUPS} alternatives")
    return groups


def _one(condition: Filter) -> Groups:
    return frozenset({frozenset({condition})})


def _property(field: Field) -> str:
    return OBJECT_ID if field.path == ID_PATH else field.native


def _presence(field: Field, value: Literal, *, holds: bool) -> Groups:
    if not isinstance(value, bool):
        raise InvalidCall("`null` is compared with true or false")
    empty = value is holds
    parts = [_one(Filter(native, "NOT_HAS_PROPERTY" if empty else "HAS_PROPERTY")) for native in natives_of(field)]
    # A compound has no value when none of its parts has one.
    return _all(parts) if empty else frozenset().union(*parts)


def _has_item(field: Field, op: Op, value: Value, *, holds: bool) -> Groups:
    if op not in {Op.EQ, Op.NE, Op.CONTAINS}:
        raise InvalidCall("a list can be asked whether it contains a text")
    wanted = (op is not Op.NE) is holds
    return _one(Filter(field.native, "IN" if wanted else "NOT_IN", values=(_item(field, value),)))


def _item(field: Field, value: Value) -> str:
    if not isinstance(value, str) or not value or ";" in value:
        raise InvalidCall("a list can be asked whether it contains a text")
    return option_of(value) if field.path == "consents" else value


def _literal(field: Field, value: Value) -> str:
    """Return *value* as a filter takes it; times in milliseconds since 1970."""
    if field.path == ID_PATH or field.type is FieldType.REFERENCE:
        if not isinstance(value, str) or ID.fullmatch(value) is None:
            raise InvalidCall("an id of HubSpot has digits only")
        return value
    if value is None or value == "":
        raise InvalidCall("compare with a value; for having none use `null`")
    text = written(field, value)
    if field.type is FieldType.DATETIME:
        return str(round(datetime.fromisoformat(text).timestamp() * 1000))
    return text.strip().lower() if field.type is FieldType.EMAIL else text


def _words(term: str) -> list[str]:
    """Return the words of *term*. The star is HubSpot's wildcard, so it cannot be searched for."""
    words = term.split()
    if not words or "*" in term or any(not any(letter.isalnum() for letter in word) for word in words):
        raise InvalidCall("a search term consists of words")
    return words
