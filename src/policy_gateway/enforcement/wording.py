"""Say what was released in the caller's own words: those of the CRM whose dialect it speaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from policy_gateway.model.disclosure import Disclosure, Named, ReleasedRecord
from policy_gateway.model.field import ID_PATH, Catalogue, Field, Resource
from policy_gateway.query import Call, Child, Query, Selected


@dataclass(frozen=True, slots=True)
class _Wording:
    """What one query's caller calls things: *words* by path, those of children within theirs."""

    select: tuple[Selected, ...]
    words: Mapping[str, str]
    fields: Mapping[str, Field]
    within: str = ""

    def of(self, record: ReleasedRecord) -> ReleasedRecord:
        """Return *record* in the caller's words; whatever it has asked for by name and does not get is withheld."""
        said = dict(self.said(record))
        fields = {ID_PATH: record.id, **record.fields}
        return record._replace(
            fields={word: fields[path] for word, path in said.items() if path in fields},
            masked={word: record.masked[path] for word, path in said.items() if path in record.masked},
            withheld=tuple(word for word, path in said.items() if path not in fields),
            children={self.words[f"{self.within}{name}>"]: self._children(record, name) for name in record.children},
        )

    def said(self, record: ReleasedRecord) -> Iterator[tuple[str, str]]:
        """Yield what the caller calls each path of *record*; what it did not ask for by name, as the CRM calls it."""
        for path in (item for item in self.select if isinstance(item, str)):
            yield self.words[self.within + path], path
        if not self.select:
            for path in (*record.fields, *record.withheld):
                yield self.fields[path].native if path in self.fields else path, path

    def _children(self, record: ReleasedRecord, name: str) -> tuple[ReleasedRecord, ...]:
        query = next(item.query for item in self.select if isinstance(item, Child) and item.relation == name)
        wording = _Wording(query.select, self.words, self.fields, f"{self.within}{name}>")
        return tuple(map(wording.of, record.children[name]))

    def named(self, resource: Resource, catalogue: Catalogue) -> Named:
        """Return what the names mean that the caller has used for what it asked of *resource*."""
        if not self.select:
            return Named(resource.native, {field.native: field for field in self.fields.values()})
        fields: dict[str, Field] = {}
        parents: dict[str, str] = {}
        for path in (item for item in self.select if isinstance(item, str)):
            _name(path, self.words[self.within + path], _Into(resource, catalogue, fields, parents))
        children = {
            self.words[f"{self.within}{item.relation}>"]: self._named_children(item, catalogue)
            for item in self.select
            if isinstance(item, Child) and item.query.resource in catalogue.resources
        }
        return Named(resource.native, fields, parents, children)

    def _named_children(self, child: Child, catalogue: Catalogue) -> Named:
        resource = catalogue.resources[child.query.resource]
        within = f"{self.within}{child.relation}>"
        return _Wording(child.query.select, self.words, resource.fields, within).named(resource, catalogue)


@dataclass(frozen=True, slots=True)
class _Into:
    """Where names begin, and where what they mean is gathered."""

    resource: Resource
    catalogue: Catalogue
    fields: dict[str, Field]
    parents: dict[str, str]


def _name(path: str, word: str, into: _Into) -> None:
    """Gather what *word*, which stands for *path*, means; nothing when it leads nowhere."""
    resource = into.resource
    *through, last = path.split("/")
    said = word.split(".")
    for depth, step in enumerate(through, 1):
        reference = resource.fields.get(step)
        found = None if reference is None else into.catalogue.resources.get("".join(reference.references[:1]))
        if found is None:
            return
        resource = found
        into.parents[".".join(said[:depth])] = resource.native
    if last in resource.fields:
        into.fields[word] = resource.fields[last]


def worded(disclosure: Disclosure, call: Call, resource: Resource, catalogue: Catalogue) -> Disclosure:
    """Return *disclosure* in the words of *call*; as it is when the call was in the gateway's own."""
    if call.words is None:
        return disclosure
    operation = call.operation
    select = operation.select if isinstance(operation, Query) else ()
    wording = _Wording(select, call.words, resource.fields)
    records = disclosure.released.records
    notes = {
        record.id: {word: own[path] for word, path in wording.said(record) if path in own}
        for record in records
        if (own := disclosure.notes.get(record.id)) is not None
    }
    released = replace(disclosure.released, records=tuple(map(wording.of, records)))
    named = wording.named(resource, catalogue) if isinstance(operation, Query) else None
    return replace(disclosure, released=released, notes=notes, named=named)
