"""The algebra of calls: everything that an entrance can ask of the gateway, and nothing else.

An adapter refuses the nodes it cannot carry; a facade refuses what its dialect can say and the algebra cannot.
Paths are relative to the resource: in a query for ``contact``, ``email`` is the field ``contact.email``, and
``company/name`` the field ``company.name`` of the record that ``contact.company`` refers to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from policy_gateway.model.field import RecordId, Value


class Action(StrEnum):
    """What a principal wants to do with a field. ``search`` is never implied by ``view``."""

    VIEW = "view"
    SEARCH = "search"
    VERIFY = "verify"
    EDIT = "edit"
    CREATE = "create"
    DELETE = "delete"
    ERASE = "erase"
    EXPORT = "export"
    CONTACT = "contact"


class Op(StrEnum):
    """How a field is compared with a value. There is no regular expression on purpose (ReDoS, oracles)."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    PREFIX = "prefix"
    CONTAINS = "contains"
    IS_NULL = "null"


_WHOLE: Final = frozenset({Op.EQ, Op.NE, Op.IS_NULL})


class Unit(StrEnum):
    """The units of a relative date."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class RelativeDate:
    """*n* units from today: ``RelativeDate(Unit.DAY, -7)`` is a week ago."""

    unit: Unit
    n: int


Literal: TypeAlias = Value | RelativeDate


@dataclass(frozen=True, slots=True)
class Compare:
    """``path op value``; ``null`` takes True (has no value) or False."""

    path: str
    op: Op
    value: Literal


@dataclass(frozen=True, slots=True)
class In:
    """``path`` is one of *values*, or of what a sub-query selects (a semi-join)."""

    path: str
    values: tuple[Value, ...] | Query


@dataclass(frozen=True, slots=True)
class Text:
    """*term* occurs as a word prefix in any of *paths*; the paths are always explicit."""

    term: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class And:
    """All of *items*; true when there is none."""

    items: tuple[Where, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of *items*; false when there is none."""

    items: tuple[Where, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not *item*."""

    item: Where


Where: TypeAlias = "And | Or | Not | Compare | In | Text"


@dataclass(frozen=True, slots=True)
class Child:
    """The records that hang on this one by *relation*."""

    relation: str
    query: Query


@dataclass(frozen=True, slots=True)
class Aggregate:
    """``fn(path) as alias``; *path* is empty for a count of records."""

    fn: str
    path: str
    alias: str


@dataclass(frozen=True, slots=True)
class Typeof:
    """What to select by the type of a polymorphic reference."""

    path: str
    branches: Mapping[str, tuple[str, ...]]


Selected: TypeAlias = "str | Child | Aggregate | Typeof"


@dataclass(frozen=True, slots=True)
class Order:
    """Sort by *path*; with *nulls_first* it is told where records without a value come, else that is up to the CRM."""

    path: str
    descending: bool = False
    nulls_first: bool | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """Read records of one *resource*.

    With *target* it asks for that one record; an empty *select* asks for everything that may be seen. By the paths of
    *group* the caller will group, or make figures of, the records that it is given: the CRM groups nothing. With a
    *total*, records that may be seen are counted up to so many, if they do not all come at once.
    """

    resource: str
    select: tuple[Selected, ...] = ()
    where: Where | None = None
    target: RecordId | None = None
    group: tuple[str, ...] = ()
    having: Where | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    cursor: str | None = None
    history: bool = False
    associations: tuple[str, ...] = ()
    total: int = 0


class ChangeKind(StrEnum):
    """What a change does. What is deleted may be restored in many a CRM; what is erased is gone for good."""

    CREATE = "create"
    UPDATE = "update"
    UPSERT = "upsert"
    DELETE = "delete"
    ERASE = "erase"
    MERGE = "merge"


ENDING: Final = frozenset({ChangeKind.DELETE, ChangeKind.ERASE})
"""Changes after which there is no record to speak of."""


@dataclass(frozen=True, slots=True)
class Change:
    """Change one record of *resource*; *values* by path, None clears a field.

    *precondition* is the tag that the caller last saw (``*``: whatever is there). *expected* holds the attributes that
    the decision was made on; the gateway fills it, and an adapter must not write when they have changed. After a
    *quiet* one nobody wants to see the record, so it is not read again; of any other, *select* is what its caller wants
    to see then (empty: everything that may be seen). What an adapter is given there is what the gateway wants to know:
    an adapter whose CRM tells that with its answer saves a question. *seen* tells an adapter that the record was there
    when the change was decided; the gateway fills it, too.
    """

    kind: ChangeKind
    resource: str
    target: RecordId | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    precondition: str | None = None
    expected: Mapping[str, Value] = field(default_factory=dict)
    idempotency_key: str | None = None
    quiet: bool = False
    select: tuple[str, ...] = ()
    seen: bool = False


@dataclass(frozen=True, slots=True)
class Describe:
    """Which fields of *resource* (all resources, when empty) may this principal know of."""

    resource: str = ""


@dataclass(frozen=True, slots=True)
class Verify:
    """Compare the field *path* of one record with *value*, which somebody says who wants to be recognized.

    Only whether they are the same leaves, never what the record holds.
    """

    resource: str
    target: RecordId
    path: str
    value: str = field(repr=False)


Operation: TypeAlias = Query | Change | Describe | Verify


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What else the caller says about the call; nothing in it is believed without a fact source or a rule.

    *reason* is a code, *ticket* and *interaction* are ids in other systems, *channel* and *direction* describe the
    live contact, *network* is the peer's address. *request_id* is the caller's own, *correlation* ours.
    """

    reason: str = ""
    ticket: str = ""
    interaction: str = ""
    channel: str = ""
    direction: str = ""
    network: str = ""
    request_id: str = ""
    correlation: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """What a principal asks: an *operation* on a *connection* of its tenant, for a *purpose*.

    *action* is how the released fields will be used: ``view`` unless the entrance exports or contacts; a change's
    action follows from its kind. *include* names what the answer should carry besides values (``gdpr``). In the
    *dialect* of an adapter (``salesforce``) every name is the CRM's own; without one all of them are the gateway's.
    *words* is filled by the gateway when it has translated a dialect: what the caller calls each path. In a *lenient*
    one, selected names that the caller may not know of are withheld; otherwise they refuse the call.
    """

    connection: str
    operation: Operation
    purpose: str = ""
    action: Action = Action.VIEW
    circumstances: Circumstances = Circumstances()
    include: frozenset[str] = frozenset()
    dialect: str = ""
    words: Mapping[str, str] | None = None
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Several calls in one go: each decided and journalled on its own, their order kept."""

    calls: tuple[Call, ...]


def paths_of(where: Where | None) -> frozenset[str]:
    """Return every path that *where* looks at, sub-queries excluded (they name another resource's fields)."""
    match where:
        case None:
            return frozenset()
        case And(items) | Or(items):
            return frozenset().union(*(paths_of(item) for item in items))
        case Not(item):
            return paths_of(item)
        case Compare(path) | In(path):
            return frozenset({path})
        case Text(_, paths):
            return frozenset(paths)


def searched_paths(query: Query) -> frozenset[str]:
    """Return every path that *query* filters, sorts, groups or aggregates by: filtering is reading."""
    aggregated = {item.path for item in query.select if isinstance(item, Aggregate) and item.path}
    ordered = {item.path for item in query.order}
    return paths_of(query.where) | paths_of(query.having) | aggregated | ordered | frozenset(query.group)


def probed_paths(query: Query) -> frozenset[str]:
    """Return every path that *query* compares with more than whole values: by its parts, or by its order.

    Who may ask often enough whether a value begins with this, or comes before that, knows the value in the end.
    """
    filters = _probed(query.where) | _probed(query.having)
    return filters | {item.path for item in query.order} | frozenset(query.group)


def _probed(where: Where | None) -> frozenset[str]:
    match where:
        case And(items) | Or(items):
            return frozenset().union(*(_probed(item) for item in items))
        case Not(item):
            return _probed(item)
        case Compare(path, op) if op not in _WHOLE:
            return frozenset({path})
        case Text(_, paths):
            return frozenset(paths)
        case _:
            return frozenset()
