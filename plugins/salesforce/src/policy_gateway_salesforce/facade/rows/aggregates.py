"""Groups and figures of released records. Pure: what is masked is taken as it is shown, what is withheld as nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import combinations
from typing import Final, TypeAlias

from policy_gateway.model.field import FieldType, Value
from policy_gateway_salesforce.facade.meaning.figures import Figure, Sort, Summary
from policy_gateway_salesforce.facade.rows.days import taken
from policy_gateway_salesforce.facade.rows.having import Test, having
from policy_gateway_salesforce.soql.functions import AGGREGATES

Row: TypeAlias = Mapping[str, Value]
Kind: TypeAlias = Callable[[str], FieldType | None]
"""Tells what type a field has, None where that is not known."""

_NUMBERS: Final = frozenset({FieldType.INTEGER, FieldType.DECIMAL})
_Rank: TypeAlias = tuple[int, float, str]


@dataclass(frozen=True, slots=True)
class _Group:
    """Records with the same *keys*; those at *rolled* are not told apart."""

    keys: tuple[Value, ...]
    rows: Sequence[Row]
    rolled: frozenset[int] = frozenset()


def summarize(summary: Summary, rows: Iterable[Row], kind: Kind) -> list[dict[str, Value]]:
    """Return what *summary* says of *rows*, in its order: one row by column for each group.

    Groups come as their first records do, texts are the same in small and capital letters, and sums and means are
    floats, as the vendor has them. Without keys there is one group, even of no records.
    """
    table = _Table(summary, kind)
    groups = list(table.groups(list(rows)))
    if summary.having is not None:
        test: Test = having(summary.having, summary.figures)
        groups = [group for group in groups if test(table.of(group))]
    for sort in reversed(summary.order):
        groups = table.sorted(groups, sort)
    return [{name: table.value(group, figure) for name, figure in summary.columns} for group in groups]


class _Table:
    """Makes groups of rows, and figures of groups."""

    def __init__(self, summary: Summary, kind: Kind) -> None:
        self._keys = summary.keys
        self._grouped = [key.path for key in summary.keys]
        self._kind = summary.kind
        self._types = {path: kind(path) for path in summary.paths}

    def groups(self, rows: Sequence[Row]) -> Iterator[_Group]:
        """Yield the groups of *rows*, those of subtotals after those that they sum up."""
        if not self._keys:
            yield _Group((), rows)
            return
        for rolled in self._subtotals():
            found: dict[tuple[_Rank, ...], tuple[tuple[Value, ...], list[Row]]] = {}
            for row in rows:
                keys = tuple(None if at in rolled else self._of_row(row, key) for at, key in enumerate(self._keys))
                found.setdefault(tuple(_rank(key) for key in keys), (keys, []))[1].append(row)
            yield from (_Group(keys, members, rolled) for keys, members in found.values())

    def _subtotals(self) -> list[frozenset[int]]:
        places = range(len(self._keys))
        match self._kind:
            case "ROLLUP":
                return [frozenset(range(kept, len(places))) for kept in range(len(places), -1, -1)]
            case "CUBE":
                return [frozenset(some) for count in range(len(places) + 1) for some in combinations(places, count)]
            case _:
                return [frozenset()]

    def of(self, group: _Group) -> Callable[[Figure], Value]:
        """Return what tells the figures of *group*."""
        return lambda figure: self.value(group, figure)

    def value(self, group: _Group, figure: Figure) -> Value:
        """Return *figure* of *group*."""
        if figure.fn in AGGREGATES:
            return self._aggregate(figure, [row.get(figure.path) for row in group.rows])
        if figure.fn == "GROUPING":
            return int(self._grouped.index(figure.path) in group.rolled)
        return group.keys[self._keys.index(figure)]

    def _of_row(self, row: Row, key: Figure) -> Value:
        value = row.get(key.path)
        return taken(key.fn, value) if key.fn else value

    def _aggregate(self, figure: Figure, values: Iterable[Value]) -> Value:
        held = [value for value in values if value not in (None, "", ())]
        match figure.fn:
            case "COUNT":
                return len(held)
            case "COUNT_DISTINCT":
                return len({_rank(value) for value in held})
            case "SUM" | "AVG":
                return _total([amount for value in held if (amount := _amount(value)) is not None], figure.fn)
            case fn:
                return self._extreme(figure, held, largest=fn == "MAX")

    def _extreme(self, figure: Figure, held: Sequence[Value], *, largest: bool) -> Value:
        if self._types[figure.path] in _NUMBERS:
            amounts = [amount for value in held if (amount := _amount(value)) is not None]
            return _number(max(amounts) if largest else min(amounts)) if amounts else None
        if not held:
            return None
        return max(held, key=_rank) if largest else min(held, key=_rank)

    def sorted(self, groups: Sequence[_Group], sort: Sort) -> list[_Group]:
        """Return *groups* sorted by one figure, as they were where it is the same."""
        empty, full = [], []
        for group in groups:
            value = self.value(group, sort.figure)
            if value is None:
                empty.append(group)
            else:
                full.append((_rank(value), group))
        full.sort(key=lambda pair: pair[0], reverse=sort.descending)
        ranked = [group for _, group in full]
        return [*empty, *ranked] if sort.nulls_first else [*ranked, *empty]


def _rank(value: Value) -> _Rank:
    """Return what is the same for values that are the same, and sorts them."""
    match value:
        case None:
            return 0, 0.0, ""
        case bool() | int() | float():
            return 1, float(value), ""
        case tuple():
            return 2, 0.0, ";".join(value).casefold()
        case _:
            return 2, 0.0, value.casefold()


def _amount(value: Value) -> Decimal | None:
    """Return the number that *value* is; None when it is none (any more)."""
    if isinstance(value, bool | tuple) or value is None:
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _total(amounts: Sequence[Decimal], fn: str) -> Value:
    if not amounts:
        return None
    total = sum(amounts, Decimal(0))
    return float(total / len(amounts) if fn == "AVG" else total)


def _number(amount: Decimal) -> Value:
    return int(amount) if amount == amount.to_integral_value() else float(amount)
