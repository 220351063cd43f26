"""Released records as the vendor's JSON has them: what was asked for, in its order, nested by relationship."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from policy_gateway.model.disclosure import Disclosure, Named, Note, ReleasedRecord
from policy_gateway.model.field import Field, RecordId
from policy_gateway.wire import Json
from policy_gateway_salesforce.facade.meaning.plans import Cell, Children, Shape
from policy_gateway_salesforce.facade.rows.values import shown


@dataclass(frozen=True, slots=True)
class _Value:
    """One value: its *key* in the row, its *path* in the released record, and its field, if the caller knows it."""

    key: str
    path: str
    field: Field | None


@dataclass(frozen=True, slots=True)
class _Parent:
    """The record behind a reference: of this *kind*, whose id is at the path *id*, if that was asked for."""

    key: str
    kind: str
    id: str
    steps: list[_Step]
    paths: list[str]


@dataclass(frozen=True, slots=True)
class _Below:
    """The records of a *relation*."""

    key: str
    relation: str
    sheet: Sheet


_Step: TypeAlias = _Value | _Parent | _Below


class Sheet:
    """How the records of one answer are written; made once, then used for each of them.

    *named* says what names mean, *root* is what URLs begin with, *notes* accompany values, by record and name.
    Without a *shape* everything that was released is written.
    """

    __slots__ = ("_named", "_notes", "_root", "_steps")

    def __init__(
        self,
        named: Named,
        root: str,
        shape: Shape | None = None,
        notes: Mapping[RecordId, Mapping[str, Note]] | None = None,
    ) -> None:
        self._named = named
        self._root = root
        self._notes = notes or {}
        self._steps = None if shape is None else _steps(shape, named, root)

    def row(self, record: ReleasedRecord) -> dict[str, Json]:
        """Return *record* as JSON.

        A name that was asked for and is withheld is null: a client that misses a key that it asked for breaks.
        """
        row: dict[str, Json] = {"attributes": self._attributes(record)}
        if self._steps is None:
            row["Id"] = record.id
            self._fill(row, record, _everything(record, self._named))
        else:
            self._fill(row, record, self._steps)
        return row

    def _attributes(self, record: ReleasedRecord) -> dict[str, Json]:
        attributes = attributes_of(self._named.resource, self._root, record.id)
        if notes := self._notes.get(record.id):
            attributes["gdpr"] = {
                f"{name[: name.rfind('.') + 1]}{spelled(self._named, name)}": plain(note)
                for name, note in notes.items()
            }
        return attributes

    def _fill(self, row: dict[str, Json], record: ReleasedRecord, steps: Iterable[_Step]) -> None:
        fields = record.fields
        for step in steps:
            match step:
                case _Value(key, path, known):
                    row[key] = shown(fields.get(path), known)
                case _Parent(key):
                    row[key] = self._parent(record, step)
                case _Below(key, relation, sheet):
                    row[key] = _children(record.children.get(relation, ()), sheet)

    def _parent(self, record: ReleasedRecord, parent: _Parent) -> Json:
        """Return the record behind a reference; null when nothing is known of any: the vendor says so of none."""
        identifier = record.fields.get(parent.id)
        if not identifier and all(record.fields.get(path) is None for path in parent.paths):
            return None
        inner: dict[str, Json] = {"attributes": {"type": parent.kind}}
        if identifier:
            inner["attributes"] = attributes_of(parent.kind, self._root, str(identifier))
        self._fill(inner, record, parent.steps)
        return inner


def sheet_of(disclosure: Disclosure, name: str, root: str, shape: Shape | None = None) -> Sheet:
    """Return how the records of *disclosure*, which were asked for as *name*, are written."""
    return Sheet(disclosure.named or Named(name), root, shape, disclosure.notes)


def shape_of(names: Iterable[str]) -> Shape | None:
    """Return the shape of a row with these *names*; None without any: everything."""
    cells = tuple(Cell(name, tuple(name.split("."))) for name in names)
    return Shape(cells) if cells else None


def spelled(named: Named, name: str) -> str:
    """Return *name* as the vendor spells it, as far as the caller may know; of a path, its last part."""
    known = named.fields.get(name)
    return known.native if known is not None and known.native else name.rpartition(".")[2]


def attributes_of(kind: str, root: str, identifier: str) -> dict[str, Json]:
    """Return what the vendor says of every record: its kind, and where it is."""
    return {"type": kind, "url": f"{root}/sobjects/{kind}/{identifier}"}


def _everything(record: ReleasedRecord, named: Named) -> list[_Step]:
    return [_Value(name, name, named.fields.get(name)) for name in record.fields]


def _steps(shape: Shape, named: Named, root: str) -> list[_Step]:
    steps: list[_Step] = []
    parents: dict[tuple[str, ...], _Parent] = {}
    for cell in shape.cells:
        match cell:
            case Cell(path, place):
                level = steps
                for depth in range(1, len(place)):
                    way = place[:depth]
                    if way not in parents:
                        parents[way] = _parent_of(way, named)
                        level.append(parents[way])
                    parents[way].paths.append(path)
                    level = parents[way].steps
                key = spelled(named, path) if place[-1] == path.rpartition(".")[2] else place[-1]
                level.append(_Value(key, path, named.fields.get(path)))
            case Children(relation, place, below):
                inner = Sheet(named.children.get(relation, Named(relation)), root, below)
                steps.append(_Below(place, relation, inner))
    return steps


def _parent_of(way: tuple[str, ...], named: Named) -> _Parent:
    start = ".".join(way)
    kind = next((kind for name, kind in named.parents.items() if name.lower() == start.lower()), way[-1])
    for name, known in named.fields.items():
        behind = ".".join((*name.split(".")[:-1], known.relationship))
        if known.relationship and behind.lower() == start.lower():
            return _Parent(known.relationship, kind, name, [], [])
    return _Parent(way[-1], kind, f"{start}.Id", [], [])


def _children(children: tuple[ReleasedRecord, ...], sheet: Sheet) -> Json:
    if not children:
        return None
    rows: list[Json] = [sheet.row(child) for child in children]
    return {"totalSize": len(rows), "done": True, "records": rows}


def plain(value: object) -> Json:
    """Return *value*, a part of an envelope, as JSON."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            return {str(name): plain(inner) for name, inner in value.items()}
        case list() | tuple():
            return [plain(inner) for inner in value]
        case frozenset() | set():
            return list[Json](sorted(str(inner) for inner in value))
        case _:
            return str(value)
