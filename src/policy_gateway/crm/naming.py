"""A CRM's own names: a call that speaks like the CRM becomes one in the gateway's names, before anything decides.

A name that leads nowhere becomes one that no field can have, so policy refuses it exactly as it refuses a hidden one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, TypeAlias

from policy_gateway.crm.typed import typed
from policy_gateway.errors import ConnectionNotFound, InvalidCall
from policy_gateway.model.field import ID_PATH, Catalogue, Field, FieldType, Relation, Resource
from policy_gateway.query import (
    Aggregate,
    And,
    Call,
    Change,
    Child,
    Compare,
    Describe,
    In,
    Not,
    Operation,
    Or,
    Query,
    Selected,
    Text,
    Typeof,
    Verify,
    Where,
)
from policy_gateway.uses import NOWHERE

DEEPEST: Final = 5
"""How many references one path may follow."""

EVERYWHERE: Final = "*"
"""Where a CRM searches when nobody says where."""

SCOPES: Final[Mapping[str, frozenset[FieldType]]] = MappingProxyType(
    {
        EVERYWHERE: frozenset({FieldType.TEXT, FieldType.NAME, FieldType.EMAIL, FieldType.PHONE}),
        "*email": frozenset({FieldType.EMAIL}),
        "*name": frozenset({FieldType.NAME}),
        "*phone": frozenset({FieldType.PHONE}),
    }
)
"""What a CRM searches when nobody says where: fields by their types, never ids."""

_PLAIN_NAME: Final = ("*name", "name")
"""What is no person is called by a plain text."""


_MOST_SELECTIONS: Final = 1024

_Selection: TypeAlias = tuple[tuple[Selected, ...], Mapping[str, str]]
"""What is selected in the gateway's names, and what the caller calls it."""


@dataclass(frozen=True, slots=True)
class _Index:
    """The names of one resource, in small letters."""

    resource: Resource
    paths: Mapping[str, str]
    references: Mapping[str, Field]
    relations: Mapping[str, Relation]


class Names:
    """The names of one CRM. Small and capital letters are the same, as far as that leaves no doubt."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._resources = {
            name.lower(): resource
            for resource in catalogue.resources.values()
            for name in (resource.native, *resource.aliases)
            if name
        }
        self._indexes: dict[str, _Index] = {}
        self._selections: dict[tuple[str, tuple[Selected, ...]], _Selection] = {}

    def resource(self, word: str) -> Resource:
        """Return the resource that the CRM calls *word*; ConnectionNotFound when there is none."""
        resource = self._resources.get(word.lower())
        if resource is None:
            raise ConnectionNotFound
        return resource

    def own(self, call: Call) -> tuple[Call, Resource | None]:
        """Return *call* in the gateway's names, and its resource (None: it asks for all of them)."""
        operation = call.operation
        if isinstance(operation, Describe) and not operation.resource:
            return replace(call, dialect="", words={}), None
        resource = self.resource(operation.resource)
        if isinstance(operation, Query) and _is_plain(operation):
            select, words = self._selection(resource, operation.select)
            own = replace(operation, resource=resource.name, select=select)
            return replace(call, operation=own, dialect="", words=words), resource
        said: dict[str, str] = {}
        told = _Told(self, said)
        return replace(call, operation=told.operation(operation, resource), dialect="", words=said), resource

    def _selection(self, resource: Resource, select: tuple[Selected, ...]) -> _Selection:
        """Return the same for the same selection: clients ask for what they want again and again."""
        known = self._selections.get((resource.name, select))
        if known is None:
            words: dict[str, str] = {}
            known = _Told(self, words).query(Query(resource.name, select), resource).select, words
            if len(self._selections) >= _MOST_SELECTIONS:
                self._selections.clear()
            self._selections[resource.name, select] = known
        return known

    def index(self, resource: Resource) -> _Index:
        """Return the names of *resource*."""
        known = self._indexes.get(resource.name)
        if known is None:
            known = self._indexes[resource.name] = _indexed(resource)
        return known

    def path(self, resource: Resource, word: str) -> str:
        """Return the path that *word* means in *resource*: references are followed by name."""
        index = self.index(resource)
        path = index.paths.get(word.lower())
        if path is not None:
            return path
        *through, last = word.split(".")
        followed: list[str] = []
        for step in through:
            reference = index.references.get(step.lower())
            target = None if reference is None else self._target(reference)
            if reference is None or target is None or len(followed) == DEEPEST:
                return NOWHERE + word
            followed.append(reference.path)
            index = self.index(target)
        path = index.paths.get(last.lower()) if followed else None
        return NOWHERE + word if path is None else "/".join((*followed, path))

    def relation(self, resource: Resource, word: str) -> tuple[Relation, Resource] | None:
        """Return the relation that *word* means, and what hangs on it."""
        relation = self.index(resource).relations.get(word.lower())
        target = None if relation is None else self._catalogue.resources.get(relation.resource)
        return None if relation is None or target is None else (relation, target)

    def _target(self, reference: Field) -> Resource | None:
        """Return where *reference* leads, if that is one place: of several, which one is known per record only."""
        resources = self._catalogue.resources
        targets = [resources[name] for name in reference.references if name in resources]
        return targets[0] if len(targets) == 1 else None


class _Told:
    """Translates one call, and remembers in *words* what its caller said; what is selected comes before all else."""

    def __init__(self, names: Names, words: dict[str, str], within: str = "") -> None:
        self._names = names
        self._words = words
        self._within = within

    def operation(self, operation: Operation, resource: Resource) -> Operation:
        match operation:
            case Query():
                return self.query(operation, resource)
            case Change(values=values, select=select):
                own = {
                    (path := self._path(resource, word)): typed(value, resource.fields.get(path))
                    for word, value in values.items()
                }
                if len(own) < len(values):
                    raise InvalidCall("a field is given twice")
                return replace(operation, resource=resource.name, values=own, select=self._paths(resource, select))
            case Describe():
                return Describe(resource.name)
            case Verify(path=path):
                return replace(operation, resource=resource.name, path=self._path(resource, path))

    def query(self, query: Query, resource: Resource) -> Query:
        return replace(
            query,
            resource=resource.name,
            select=tuple(self._selected(item, resource) for item in query.select),
            where=self._where(query.where, resource),
            group=self._paths(resource, query.group),
            having=self._where(query.having, resource),
            order=tuple(replace(item, path=self._path(resource, item.path)) for item in query.order),
            associations=self._paths(resource, query.associations),
        )

    def _selected(self, item: Selected, resource: Resource) -> Selected:
        match item:
            case str():
                return self._path(resource, item)
            case Child(relation=word, query=query):
                found = self._names.relation(resource, word)
                if found is None:
                    return self._nowhere(word)
                relation, target = found
                within = f"{self._within}{relation.name}>"
                self._words.setdefault(within, word)
                return Child(relation.name, _Told(self._names, self._words, within).query(query, target))
            case Aggregate():
                raise InvalidCall("who asks in a dialect makes figures of what was released")
            case Typeof(path=path):
                return self._nowhere(path)  # which branch holds is known per record only

    def _where(self, where: Where | None, resource: Resource) -> Where | None:
        match where:
            case None:
                return None
            case And(items):
                return And(tuple(self._within_tree(item, resource) for item in items))
            case Or(items):
                return Or(tuple(self._within_tree(item, resource) for item in items))
            case Not(item):
                return Not(self._within_tree(item, resource))
            case Compare(path=path):
                return replace(where, path=self._path(resource, path))
            case In(path=path, values=Query() as query):
                return self._semi_join(path, query, resource)
            case In(path=path):
                return replace(where, path=self._path(resource, path))
            case Text(term, paths):
                return Text(term, tuple(own for path in paths for own in self._scope(resource, path)))

    def _within_tree(self, where: Where, resource: Resource) -> Where:
        translated = self._where(where, resource)
        return And(()) if translated is None else translated

    def _semi_join(self, word: str, query: Query, resource: Resource) -> Where:
        try:
            target = self._names.resource(query.resource)
        except ConnectionNotFound:
            return In(self._nowhere(word), ())
        path = self._path(resource, word)
        within = f"{self._within}{path}<"
        return In(path, _Told(self._names, self._words, within).query(query, target))

    def _scope(self, resource: Resource, word: str) -> Iterable[str]:
        kinds = SCOPES.get(word)
        if kinds is None:
            return (self._path(resource, word),)
        fields = {path: field for path, field in resource.fields.items() if field.searchable and path != ID_PATH}
        found = [path for path, field in fields.items() if field.type in kinds or (word, path) == _PLAIN_NAME]
        if word == EVERYWHERE and resource.searched:
            found = list(resource.searched)
        for path in found:
            # Which fields those are was not said: a refusal says no more.
            self._words.setdefault(self._within + path, word)
        return found or (self._nowhere(word),)

    def _paths(self, resource: Resource, words: Iterable[str]) -> tuple[str, ...]:
        return tuple(self._path(resource, word) for word in words)

    def _path(self, resource: Resource, word: str) -> str:
        path = self._names.path(resource, word)
        self._words.setdefault(self._within + path, word)
        return path

    def _nowhere(self, word: str) -> str:
        self._words.setdefault(f"{self._within}{NOWHERE}{word}", word)
        return NOWHERE + word


def _is_plain(query: Query) -> bool:
    """Tell whether *query* names nothing but what it selects of its own records and of those that they refer to."""
    named = (query.where, query.having, query.order, query.group, query.associations)
    return not any(named) and all(isinstance(item, str) for item in query.select)


def _indexed(resource: Resource) -> _Index:
    paths: dict[str, str] = {}
    twice: set[str] = set()
    for path, field in resource.fields.items():
        name = (field.native or path).lower()
        if name in paths:
            twice.add(name)
        elif "+" not in name:  # a compound of ours has no name in the CRM
            paths[name] = path
    for name in twice:
        del paths[name]
    references = {field.relationship.lower(): field for field in resource.fields.values() if field.relationship}
    return _Index(resource, paths, references, {relation.native.lower(): relation for relation in resource.children})
