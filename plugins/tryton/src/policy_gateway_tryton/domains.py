"""Filters in Tryton's own words: search domains.

A party has any number of addresses, accounts and contact mechanisms, of which a record shows the first. A filter finds
a party by any of them: somebody is called back on the number they called from, whichever it is.

Tryton knows no "not", so negation moves to the clauses. A domain without clauses would mean everything, and an "OR"
without clauses too; so everything and nothing are spelled out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from policy_gateway.errors import FieldRefused, InvalidCall
from policy_gateway.model.field import ID_PATH, Field, FieldType, Resource, Value
from policy_gateway.query import And, Compare, In, Not, Op, Or, RelativeDate, Text, Where
from policy_gateway_tryton.catalogue import HIGHEST_ID, IBAN, MECHANISMS
from policy_gateway_tryton.values import Json, dialed, told

_OPERATORS: Mapping[Op, tuple[str, str]] = MappingProxyType(
    {
        Op.EQ: ("=", "!="),
        Op.NE: ("!=", "="),
        Op.LT: ("<", ">="),
        Op.LE: ("<=", ">"),
        Op.GT: (">", "<="),
        Op.GE: (">=", "<"),
        Op.PREFIX: ("ilike", "not ilike"),
        Op.CONTAINS: ("ilike", "not ilike"),
    }
)
"""What Tryton calls each comparison, and its opposite."""

_ORDERED = frozenset({FieldType.INTEGER, FieldType.DECIMAL, FieldType.DATE, FieldType.DATETIME})
_WORDY = frozenset({FieldType.TEXT, FieldType.NAME})
_ORDER = frozenset({Op.LT, Op.LE, Op.GT, Op.GE})
_PARTS = frozenset({Op.PREFIX, Op.CONTAINS})
_BEFORE_WORDS = (" ", "-", "'", ".", ",", "/", "(", '"', "&", "+", "@")
"""What a word may stand behind, besides the beginning of the text."""


def _everything() -> list[Json]:
    return [["id", "!=", -1]]


def _nothing() -> list[Json]:
    return [["id", "=", -1]]


@dataclass(frozen=True, slots=True)
class Domains:
    """Writes search domains for *resource*; *region* is where phone numbers without a country code belong."""

    resource: Resource
    region: str

    def write(self, where: Where | None) -> list[Json]:
        """Return the domain for *where*. InvalidCall for what Tryton cannot do, FieldRefused for unknown fields."""
        return _everything() if where is None else self._write(where, negated=False)

    def _write(self, where: Where, *, negated: bool) -> list[Json]:
        match where:
            case Not(item):
                return self._write(item, negated=not negated)
            case And(items):
                return _joined([self._write(item, negated=negated) for item in items], conjunction=not negated)
            case Or(items):
                return _joined([self._write(item, negated=negated) for item in items], conjunction=negated)
            case In(path, tuple(values)):
                same = [self._compared(self._field(path), Op.EQ, value, negated=negated) for value in values]
                return _joined(same, conjunction=negated)
            case Text(term, paths):
                return _joined([self._words(term, path, negated=negated) for path in paths], conjunction=negated)
            case Compare(path, op, value) if not isinstance(value, RelativeDate):
                return self._compared(self._field(path), op, value, negated=negated)
            case _:
                raise InvalidCall("this connection filters neither by sub-queries nor by relative dates")

    def _field(self, path: str) -> Field:
        field = self.resource.fields.get(path)
        if field is None:
            raise FieldRefused
        if not field.searchable:
            raise InvalidCall("this connection cannot search in such a field")
        return field

    def _compared(self, field: Field, op: Op, value: Value, *, negated: bool) -> list[Json]:
        if op is Op.IS_NULL:
            if not isinstance(value, bool):
                raise InvalidCall("`null` is compared with true or false")
            return self._empty(field, negated=negated is value)
        if value is None:
            raise InvalidCall("compare with a value; for having none use `null`")
        _require_sense(field, op, value)
        if op is Op.NE:
            op, negated = Op.EQ, not negated
        found = told(field.type, value)
        clauses = None if found == "" else self._clauses(field, op, found)
        if clauses is None:
            return _everything() if negated else _nothing()
        return _placed(field, clauses) if not negated else _displaced(field, op, clauses)

    def _clauses(self, field: Field, op: Op, value: Json) -> list[Json] | None:
        """Return the clauses on the field itself or on what hangs on a party; None when nothing can match."""
        operator = _OPERATORS[op][0]
        match field.native:
            case "id":
                return [["id", operator, _number(str(value))]]
            case "email":
                pattern = _pattern(op, str(value).strip())
                return [["type", "=", "email"], ["value", "ilike", pattern]]
            case "phone" | "mobile" as kind:
                number = dialed(str(value), self.region)
                return [["type", "=", kind], ["value_compact", "=", number]] if number else None
            case native if native == IBAN:
                compact = "".join(str(value).split()).upper()
                return [["numbers", "where", [["type", "=", "iban"], ["number_compact", "=", compact]]]]
            case native:
                return [[_inner(native), operator, _pattern(op, str(value)) if op in _PARTS else value]]

    def _empty(self, field: Field, *, negated: bool) -> list[Json]:
        """Return the domain of parties without (*negated*: with) a value."""
        if (relation := _relation(field)) is not None:
            return [[relation, "where" if negated else "not where", _present(field)]]
        blank: list[Json] = [None, ""] if field.type in _WORDY or field.type is FieldType.CHOICE else [None]
        return _joined(
            [[[field.native, "!=" if negated else "=", value]] for value in blank],
            conjunction=negated,
        )

    def _words(self, term: str, path: str, *, negated: bool) -> list[Json]:
        field = self._field(path)
        if field.type not in _WORDY or field.path == ID_PATH or field.native == IBAN or not term.strip():
            raise InvalidCall("a text search needs a term, and fields that hold text")
        term = _escaped(term.strip())
        patterns = (f"{term}%", *(f"%{before}{term}%" for before in _BEFORE_WORDS))
        inner = _inner(field.native)
        clauses: list[Json] = ["OR", *([[inner, "ilike", pattern]] for pattern in patterns)]
        if (relation := _relation(field)) is not None:
            return [[relation, "not where" if negated else "where", clauses]]
        if negated:
            return ["AND", *([[inner, "not ilike", pattern]] for pattern in patterns)]
        return clauses


def _require_sense(field: Field, op: Op, value: Value) -> None:
    """Refuse comparisons that Tryton does not make, or makes in its own way."""
    if op in _ORDER and field.type not in _ORDERED:
        raise InvalidCall("values of this field have no order")
    if op in _PARTS:
        whole = field.type not in _WORDY | {FieldType.EMAIL} or field.path == ID_PATH or field.native == IBAN
        if whole or not isinstance(value, str) or not value:
            raise InvalidCall("this field can only be compared as a whole")


def _relation(field: Field) -> str | None:
    """Return the relation of a party in which *field* lies; None for the party's own fields."""
    if field.native in MECHANISMS:
        return "contact_mechanisms"
    first, dot, _ = field.native.partition(".")
    return None if not dot else "langs" if first == "lang" else first


def _inner(native: str) -> str:
    """Return what a field is called within its relation. Languages hang on a party under a name of their own."""
    return native if native == "lang.code" else native.partition(".")[2] or native


def _number(text: str) -> int:
    """Return the id that *text* is; -1, which no record has, when it is none."""
    number = int(text) if text.isascii() and text.isdecimal() else -1
    return number if number <= HIGHEST_ID else -1


def _present(field: Field) -> list[Json]:
    """Return the clauses for having any value in a relation."""
    if field.native in MECHANISMS:
        return [["type", "=", field.native]]
    if field.native == IBAN:
        return [["numbers", "where", [["type", "=", "iban"]]]]
    inner = _inner(field.native)
    return [[inner, "not in", [None, ""]]] if field.type is FieldType.TEXT else [[inner, "!=", None]]


def _placed(field: Field, clauses: list[Json]) -> list[Json]:
    relation = _relation(field)
    return clauses if relation is None else [[relation, "where", clauses]]


def _displaced(field: Field, op: Op, clauses: list[Json]) -> list[Json]:
    """Return the opposite: no related record that matches, or the opposite comparison."""
    relation = _relation(field)
    if relation is not None:
        return [[relation, "not where", clauses]]
    match clauses:
        case [[str(name), str(), value]]:
            return [[name, _OPERATORS[op][1], value]]
        case _:
            raise InvalidCall("this connection cannot exclude such values")


def _joined(domains: list[list[Json]], *, conjunction: bool) -> list[Json]:
    if not domains:
        return _everything() if conjunction else _nothing()
    return ["AND" if conjunction else "OR", *domains]


def _pattern(op: Op, text: str) -> str:
    escaped = _escaped(text)
    match op:
        case Op.PREFIX:
            return f"{escaped}%"
        case Op.CONTAINS:
            return f"%{escaped}%"
        case _:
            return escaped


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
