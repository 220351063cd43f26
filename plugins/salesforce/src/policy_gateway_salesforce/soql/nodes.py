"""What a query or a search says, as a tree; names are kept as they were written, keywords and functions in upper case.

Every ``at`` is the number of characters before the node in the text; trees that differ only in it are equal.
Nothing here is resolved: an alias is still an alias (:mod:`policy_gateway_salesforce.soql.references` resolves them).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

# ------------------------------------------------------------------------------------------------------------- literals


@dataclass(frozen=True, slots=True)
class String:
    """A quoted text, unescaped; *literal* are the indices in *value* of each ``%`` and ``_`` that was escaped."""

    value: str
    literal: tuple[int, ...] = ()
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Number:
    """A number; *text* is how it was written."""

    value: Decimal
    text: str = field(default="", compare=False)
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Currency:
    """An amount in a currency of its own: ``USD5000``."""

    code: str
    amount: Decimal
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Boolean:
    """``TRUE`` or ``FALSE``."""

    value: bool
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Null:
    """``NULL``: no value."""

    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Date:
    """A day."""

    value: date
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class DateTime:
    """A moment, with its offset from UTC."""

    value: datetime
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class DateLiteral:
    """A span of days relative to today: ``TODAY``, or ``LAST_N_DAYS`` with its *n*."""

    name: str
    n: int | None = None
    at: int = field(default=0, compare=False)


Literal: TypeAlias = String | Number | Currency | Boolean | Null | Date | DateTime | DateLiteral

# ---------------------------------------------------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class FieldPath:
    """A field as it was written, by its segments: ``c.Account.Name`` is ``("c", "Account", "Name")``."""

    segments: tuple[str, ...]
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        """Return the segments with dots between them."""
        return ".".join(self.segments)


@dataclass(frozen=True, slots=True)
class Function:
    """A known function in upper case (``COUNT_DISTINCT``, ``TOLABEL``); ``COUNT()`` has no *args*."""

    name: str
    args: tuple[Argument, ...]
    at: int = field(default=0, compare=False)


Argument: TypeAlias = "FieldPath | Function | String | Number"
Expression: TypeAlias = FieldPath | Function

# ----------------------------------------------------------------------------------------------------- what is selected


@dataclass(frozen=True, slots=True)
class Column:
    """A field or the outcome of a function, under an *alias* if it has one."""

    value: Expression
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Fields:
    """``FIELDS(ALL)``, ``FIELDS(STANDARD)`` or ``FIELDS(CUSTOM)``."""

    group: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ChildQuery:
    """``(SELECT … FROM Contacts)``: what hangs on the record; its query's object is the relation's name."""

    query: Query
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Branch:
    """What to select of one *object* of a TYPEOF."""

    object: str
    fields: tuple[FieldPath, ...]


@dataclass(frozen=True, slots=True)
class Typeof:
    """``TYPEOF What WHEN Account THEN Phone ELSE Name END``."""

    path: FieldPath
    branches: tuple[Branch, ...]
    otherwise: tuple[FieldPath, ...] = ()
    at: int = field(default=0, compare=False)


Selected: TypeAlias = Column | Fields | ChildQuery | Typeof

# ----------------------------------------------------------------------------------------------------------- conditions


@dataclass(frozen=True, slots=True)
class Comparison:
    """*left* *op* *value*, *op* one of ``= != < <= > >=`` (``<>`` is ``!=``)."""

    left: Expression
    op: str
    value: Literal


@dataclass(frozen=True, slots=True)
class Like:
    """*left* looks like *pattern*: ``%`` is any text, ``_`` any character, unless escaped (``pattern.literal``)."""

    left: Expression
    pattern: String


@dataclass(frozen=True, slots=True)
class In:
    """*left* is (not) one of *values*."""

    left: Expression
    values: tuple[Literal, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class InQuery:
    """*left* is (not) among what *query* selects: a semi-join, or an anti-join."""

    left: FieldPath
    query: Query
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Includes:
    """A multi-select picklist has all items of at least one of *values* (``'a;b'`` asks for both)."""

    left: FieldPath
    values: tuple[String, ...]


@dataclass(frozen=True, slots=True)
class Excludes:
    """A multi-select picklist has not all items of any of *values*."""

    left: FieldPath
    values: tuple[String, ...]


@dataclass(frozen=True, slots=True)
class And:
    """All of *items*, two or more."""

    items: tuple[Where, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of *items*, two or more."""

    items: tuple[Where, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not *item*."""

    item: Where


Where: TypeAlias = "And | Or | Not | Comparison | Like | In | InQuery | Includes | Excludes"

# -------------------------------------------------------------------------------------------------------------- clauses


@dataclass(frozen=True, slots=True)
class Related:
    """``c.Account a``: another name for what a relationship leads to."""

    path: FieldPath
    alias: str


@dataclass(frozen=True, slots=True)
class Source:
    """``FROM Contact c, c.Account a``; a child query's *path* is its relation: ``Contacts`` or ``Account.Contacts``."""

    path: FieldPath
    alias: str = ""
    related: tuple[Related, ...] = ()

    @property
    def object(self) -> str:
        """Return the name of the object, or of the relation of a child query."""
        return self.path.segments[-1]


@dataclass(frozen=True, slots=True)
class Category:
    """``Geography__c ABOVE (usa__c, uk__c)``; *selector* is AT, ABOVE, BELOW or ABOVE_OR_BELOW."""

    group: str
    selector: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class With:
    """A WITH clause.

    In a query *name* is SECURITY_ENFORCED, USER_MODE, USERID (one value) or DATA CATEGORY (all of *categories*). In a
    search it is DATA CATEGORY, DIVISION, HIGHLIGHT, METADATA, NETWORK, PRICEBOOKID, SNIPPET or SPELL_CORRECTION.
    """

    name: str
    values: tuple[Literal, ...] = ()
    categories: tuple[Category, ...] = ()
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Group:
    """``GROUP BY``; *kind* is empty, ROLLUP or CUBE."""

    keys: tuple[Expression, ...]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Ordering:
    """Sort by *by*; *nulls_first* is None when the query does not say (then they come first)."""

    by: Expression
    descending: bool = False
    nulls_first: bool | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A query, or a part of one; *purpose* is VIEW or REFERENCE when it is FOR one, *update* has TRACKING, VIEWSTAT."""

    select: tuple[Selected, ...]
    source: Source
    scope: str = ""
    where: Where | None = None
    clause: With | None = None
    group: Group | None = None
    having: Where | None = None
    order: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int | None = None
    purpose: str = ""
    update: tuple[str, ...] = ()
    at: int = field(default=0, compare=False)


# ------------------------------------------------------------------------------------------------------------- searches


@dataclass(frozen=True, slots=True)
class Word:
    """One word, unescaped; *pattern* keeps ``*`` (any text) and ``?`` (any character), escaped ones in *literal*."""

    pattern: str
    literal: tuple[int, ...] = ()

    @property
    def wild(self) -> bool:
        """Tell whether the word has a wildcard."""
        return any(char in "*?" and index not in self.literal for index, char in enumerate(self.pattern))


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in this order: ``"Joe Smith"``; wildcards as in a word."""

    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of *items*: words side by side, or with AND between them."""

    items: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Any of *items*."""

    items: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class ButNot:
    """*item* and not *unless*."""

    item: Term
    unless: Term


Term: TypeAlias = "Word | Phrase | AllOf | AnyOf | ButNot"


@dataclass(frozen=True, slots=True)
class Returning:
    """``Contact(Id, Name WHERE … ORDER BY … LIMIT …)``; without *columns* only ids are returned."""

    object: str
    columns: tuple[Column | Fields, ...] = ()
    where: Where | None = None
    order: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int | None = None
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Search:
    """A search; *text* is what stands between the braces; *scope* is ALL, NAME, EMAIL, PHONE or SIDEBAR."""

    term: Term
    text: str
    scope: str = "ALL"
    returning: tuple[Returning, ...] = ()
    clauses: tuple[With, ...] = ()
    limit: int | None = None
    update: tuple[str, ...] = ()
