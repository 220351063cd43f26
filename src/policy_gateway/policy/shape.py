"""The shape of a call: which paths it uses in which way, without its values, so that calls alike share a plan."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from policy_gateway.query import (
    ENDING,
    Action,
    Aggregate,
    And,
    Call,
    Change,
    ChangeKind,
    Describe,
    In,
    Not,
    Or,
    Query,
    Verify,
    Where,
    paths_of,
    probed_paths,
)

COUNT = "count"
_RELEASING = frozenset({Action.VIEW, Action.EXPORT, Action.CONTACT})
_WRITES: Mapping[ChangeKind, tuple[Action, ...]] = {
    ChangeKind.CREATE: (Action.CREATE,),
    ChangeKind.UPDATE: (Action.EDIT,),
    ChangeKind.UPSERT: (Action.CREATE, Action.EDIT),
    ChangeKind.DELETE: (Action.DELETE,),
    ChangeKind.ERASE: (Action.ERASE,),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """Which paths are used how; *action* is how released fields are.

    *writes* is empty unless the call is a change, or verifies a value, which each record decides like a change.
    *everything* tells that no path was named. *probed* are those of the *searched* paths that are compared with more
    than whole values. *aggregated* are paths whose values go into a figure, *aliases* the
    names of the figures.
    """

    action: Action
    selected: tuple[str, ...] = ()
    everything: bool = False
    searched: frozenset[str] = frozenset()
    probed: frozenset[str] = frozenset()
    aggregated: frozenset[str] = frozenset()
    aliases: tuple[str, ...] = ()
    writes: tuple[Action, ...] = ()
    written: tuple[str, ...] = ()
    describes: bool = False


def likeness(call: Call) -> Hashable | None:
    """Return what calls of one shape share, cheaply for the usual ones; None when the call cannot be decided."""
    query = call.operation
    if isinstance(query, Query) and query.where is query.having is None and call.action in _RELEASING:
        rest = query.order or query.group or query.history or query.associations
        if not rest and all(type(item) is str for item in query.select):
            return (call.action, query.select)
    return shape_of(call)


def shape_of(call: Call) -> Shape | None:
    """Return the shape of *call*; None when it uses something that cannot be decided, and so is refused."""
    match call.operation:
        case Query() as query if call.action in _RELEASING:
            return _of_query(query, call.action)
        case Change() as change:
            return _of_change(change)
        case Describe():
            return Shape(Action.VIEW, describes=True)
        case Verify() as asked if call.action is Action.VERIFY:
            return Shape(Action.VIEW, ("id",), writes=(Action.VERIFY,), written=(asked.path,))
        case _:
            return None


def _of_query(query: Query, action: Action) -> Shape | None:
    paths = tuple(item for item in query.select if isinstance(item, str))
    figures = tuple(item for item in query.select if isinstance(item, Aggregate))
    if len(paths) + len(figures) < len(query.select) or query.history or query.associations:
        return None
    if query.where is None and not (figures or query.group or query.order or query.having):
        return Shape(action, paths, not paths)
    if _asks_elsewhere(query.where) or _asks_elsewhere(query.having):
        return None
    aliases = tuple(figure.alias for figure in figures)
    figured = (paths_of(query.having) | {item.path for item in query.order}) - frozenset(aliases)
    counted = frozenset(figure.path or "id" for figure in figures)
    searched = paths_of(query.where) | frozenset(query.group) | figured | counted
    aggregated = frozenset(figure.path for figure in figures if figure.path and figure.fn != COUNT)
    probed = probed_paths(query) - frozenset(aliases)
    return Shape(action, paths, not query.select, searched, probed, aggregated, aliases)


def _asks_elsewhere(where: Where | None) -> bool:
    match where:
        case And(items) | Or(items):
            return any(_asks_elsewhere(item) for item in items)
        case Not(item):
            return _asks_elsewhere(item)
        case In(_, Query()):
            return True
        case _:
            return False


def _of_change(change: Change) -> Shape | None:
    writes = _WRITES.get(change.kind)
    if writes is None:
        return None
    written = ("id",) if change.kind in ENDING else tuple(sorted(change.values))
    return Shape(Action.VIEW, change.select, everything=not change.select, writes=writes, written=written)
