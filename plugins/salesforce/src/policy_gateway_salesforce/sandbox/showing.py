"""What a query selects, and the shape in which the API shows it: parents nested, children as results of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from policy_gateway_salesforce.sandbox.kinds import KINDS, PREFIXES
from policy_gateway_salesforce.sandbox.paths import NAME, Found, Scope
from policy_gateway_salesforce.sandbox.schema import Column, Kind, Type
from policy_gateway_salesforce.sandbox.state import Org, Row
from policy_gateway_salesforce.sandbox.terms import Term, term
from policy_gateway_salesforce.sandbox.values import attributes
from policy_gateway_salesforce.sandbox.wire import Json
from policy_gateway_salesforce.soql import nodes
from policy_gateway_salesforce.soql.references import Names

Show: TypeAlias = Callable[[Row, str], Json]


@dataclass(frozen=True, slots=True)
class Shown:
    """A column of the answer as a table: its *name*, its *type*, whether it is a function, and those *below* it."""

    name: str
    type: Type
    column: Column | None = None
    aggregate: bool = False
    label: str = ""
    below: tuple[Shown, ...] = ()


@dataclass(frozen=True, slots=True)
class Below:
    """A query of children: *find* gives those of a record, *shape* shows one of them."""

    name: str
    find: Callable[[Row], list[Row]]
    shape: Shape


@dataclass(slots=True)
class Shape:
    """How a record of *kind* is shown: what stands under each key, in the order of the query."""

    org: Org
    kind: Kind
    parts: dict[str, Show] = field(default_factory=dict)
    parents: dict[str, Shape] = field(default_factory=dict)
    columns: list[Shown] = field(default_factory=list)

    def record(self, row: Row, root: str) -> dict[str, Json]:
        """Return *row* as the API shows it."""
        told: dict[str, Json] = {"attributes": attributes(PREFIXES[str(row["Id"])[:3]], row, root)}
        if self.kind is NAME:
            told["attributes"] = {**attributes(PREFIXES[str(row["Id"])[:3]], row, root), "type": "Name"}
        for key, show in self.parts.items():
            told[key] = show(row, root)
        return told

    def parent(self, step: Column) -> Shape:
        """Return how the record is shown that the reference *step* leads to."""
        shape = self.parents.get(step.path)
        if shape is None:
            kind = NAME if len(step.references) > 1 else KINDS[step.references[0]]
            shape = self.parents[step.path] = Shape(self.org, kind)
            self.parts[step.path] = self._behind(step, shape)
        return shape

    def _behind(self, step: Column, shape: Shape) -> Show:
        def show(row: Row, root: str) -> Json:
            parent = self.org.row(row.get(step.name), step.references)
            return shape.record(parent, root) if parent else None

        return show


Children: TypeAlias = Callable[[Scope, nodes.ChildQuery], Below]


def shape(scope: Scope, select: Iterable[nodes.Selected], children: Children) -> Shape:
    """Return how the records of *scope* are shown of which *select* is selected; *children* plans queries within."""
    whole = Shape(scope.org, scope.kind)
    unnamed = 0
    for item in select:
        match item:
            case nodes.Column(value=value, alias=alias):
                unnamed += _add_column(scope, whole, value, alias, f"expr{unnamed}")
            case nodes.Fields(group=group):
                for column in scope.user.columns(scope.kind):
                    if group == "ALL" or column.custom is (group == "CUSTOM"):
                        _add(scope, whole, column)
            case nodes.Typeof():
                _add_typeof(scope, whole, item)
            case nodes.ChildQuery():
                _add_children(whole, children(scope, item))
    return whole


def _add_column(scope: Scope, whole: Shape, value: nodes.Expression, alias: str, unnamed: str) -> bool:
    """Show a field or a function; tell whether it goes by the name of one that has none."""
    if isinstance(value, nodes.Function):
        name = alias or _inner_name(scope, value) or unnamed
        _add_value(whole, name, term(scope, value))
        return name == unnamed
    if alias:
        raise scope.wrong(value.at, "only aggregate expressions use field aliasing", "MALFORMED_QUERY")
    _add_field(scope, whole, value)
    return False


def _add(scope: Scope, whole: Shape, column: Column) -> None:
    found = Found(scope.org, scope.user, (), scope.kind, column)
    if column.name not in whole.parts:
        whole.parts[column.name] = _valued(found.value)
        whole.columns.append(Shown(column.name, column.type, column))


def _add_field(scope: Scope, whole: Shape, path: nodes.FieldPath) -> None:
    found = scope.find(path)
    level = whole
    for step in found.steps:
        level = level.parent(step)
    name = found.column.name
    if name in level.parts:
        raise scope.wrong(path.at, f"duplicate field selected: {name}")
    level.parts[name] = _valued(replace(found, steps=()).value)
    shown = Shown(name, found.column.type, found.column)
    for step in reversed(found.steps):
        shown = Shown(step.path, Type.REFERENCE, step, below=(shown,))
    whole.columns.append(shown)


def _add_value(whole: Shape, name: str, found: Term) -> None:
    whole.parts[name] = _valued(found.value)
    whole.columns.append(Shown(name, found.type, aggregate=True, label=name))


def _inner_name(scope: Scope, function: nodes.Function) -> str:
    """Return the name under which the vendor shows the outcome of a function that keeps its field's name."""
    argument = function.args[0] if function.args else None
    if function.name in {"TOLABEL", "CONVERTCURRENCY"} and isinstance(argument, nodes.FieldPath):
        return scope.find(argument).column.name
    return ""


def _add_typeof(scope: Scope, whole: Shape, item: nodes.Typeof) -> None:
    """Show what a reference of several kinds leads to, by the branch for its kind."""
    [name, *more] = scope.names.resolved(item.path)
    step = scope.kind.by_path.get(name.lower())
    if more or step is None or len(step.references) < 2 or not scope.user.sees(scope.kind, step):  # noqa: PLR2004 -- several
        raise scope.wrong(item.path.at, f"TYPEOF needs a polymorphic relationship: {name}")
    branches = {
        scope.object(branch.object, item.at).name: _level(scope, scope.object(branch.object, item.at), branch.fields)
        for branch in item.branches
    }
    other = _level(scope, NAME, item.otherwise)

    def show(row: Row, root: str) -> Json:
        target = scope.org.row(row.get(step.name), step.references)
        if not target:
            return None
        return branches.get(PREFIXES[str(target["Id"])[:3]].name, other).record(target, root)

    whole.parts[step.path] = show


def _level(scope: Scope, kind: Kind, fields: Iterable[nodes.FieldPath]) -> Shape:
    inner = replace(scope, kind=kind, names=Names({}))
    level = Shape(scope.org, kind)
    for path in fields:
        _add_field(inner, level, path)
    return level


def _add_children(whole: Shape, below: Below) -> None:
    def show(row: Row, root: str) -> Json:
        rows = below.find(row)
        if not rows:
            return None
        records: list[Json] = [below.shape.record(each, root) for each in rows]
        return {"totalSize": len(records), "done": True, "records": records}

    whole.parts[below.name] = show
    whole.columns.append(Shown(below.name, Type.STRING, aggregate=True, below=tuple(below.shape.columns)))


def _valued(value: Callable[[Row], Json]) -> Show:
    def show(row: Row, _: str) -> Json:
        return value(row)

    return show
