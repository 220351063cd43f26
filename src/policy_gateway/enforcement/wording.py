"""Say what was released in the caller's own words: those of the CRM whose dialect it speaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from policy_gateway.model.decision import Permit, Related
from policy_gateway.model.disclosure import Disclosure, Named, ReleasedRecord
from policy_gateway.model.field import ID_PATH, Field, Resource
from policy_gateway.query import Call, Child, Query, Selected

_STEP = "/"


@dataclass(frozen=True, slots=True)
class _Wording:
    """What one query's caller calls things: *words* by path, those of children within theirs."""

    select: tuple[Selected, ...]
    words: Mapping[str, str]
    fields: Mapping[str, Field]
    within: str = ""
    selected: Sequence[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        """Work out what is the same for every record: the words and paths that are selected by name."""
        words, within = self.words, self.within
        named = dict.fromkeys((words[within + item], item) for item in self.select if isinstance(item, str))
        object.__setattr__(self, "selected", tuple(named))

    def of(self, record: ReleasedRecord) -> ReleasedRecord:
        """Return *record* in the caller's words; whatever it has asked for by name and does not get is withheld."""
        said = self.said(record)
        fields, masked = {ID_PATH: record.id, **record.fields}, record.masked
        return record._replace(
            fields={word: fields[path] for word, path in said if path in fields},
            masked={word: masked[path] for word, path in said if path in masked} if masked else masked,
            withheld=tuple([word for word, path in said if path not in fields]),
            children={self.words[f"{self.within}{name}>"]: self._children(record, name) for name in record.children},
        )

    def said(self, record: ReleasedRecord) -> Sequence[tuple[str, str]]:
        """Return what the caller calls each path of *record*; what it did not ask for by name, as the CRM calls it."""
        if self.select:
            return self.selected
        fields = self.fields
        return [(fields[path].native if path in fields else path, path) for path in (*record.fields, *record.withheld)]

    def _children(self, record: ReleasedRecord, name: str) -> tuple[ReleasedRecord, ...]:
        query = next(item.query for item in self.select if isinstance(item, Child) and item.relation == name)
        wording = _Wording(query.select, self.words, self.fields, f"{self.within}{name}>")
        return tuple(map(wording.of, record.children[name]))

    def named(self, resource: Resource, permit: Permit) -> Named:
        """Return what the names mean that the caller has used for what it asked of *resource*, and may know of."""
        if not self.select:
            return Named(resource.native, {field.native: field for field in self.fields.values()})
        fields: dict[str, Field] = {}
        parents: dict[str, str] = {}
        into = _Into(resource, permit, fields, parents)
        for word, path in self.selected:
            _name(path, word, into)
        children = {
            self.words[f"{self.within}{one.name}>"]: self._named_children(one) for one in permit.related if one.many
        }
        return Named(resource.native, fields, parents, children)

    def _named_children(self, related: Related) -> Named:
        within = f"{self.within}{related.name}>"
        selected = next(item.query for item in self.select if isinstance(item, Child) and item.relation == related.name)
        wording = _Wording(selected.select, self.words, related.resource.fields, within)
        return wording.named(related.resource, related.permit)


@dataclass(frozen=True, slots=True)
class _Into:
    """Where names begin, what is permitted there, and where what they mean is gathered."""

    resource: Resource
    permit: Permit
    fields: dict[str, Field]
    parents: dict[str, str]


def _name(path: str, word: str, into: _Into) -> None:
    """Gather what *word*, which stands for *path*, means; nothing when the caller may not know of it."""
    resource, permit = into.resource, into.permit
    if _STEP not in path:
        if path in permit.ceiling and path in resource.fields:
            into.fields[word] = resource.fields[path]
        return
    *through, last = path.split(_STEP)
    said = word.split(".")
    for depth, step in enumerate(through, 1):
        related = next((one for one in permit.related if one.name == step and not one.many), None)
        if related is None:
            return
        resource, permit = related.resource, related.permit
        into.parents[".".join(said[:depth])] = resource.native
    if last in permit.ceiling and last in resource.fields:
        into.fields[word] = resource.fields[last]


def worded(disclosure: Disclosure, call: Call, resource: Resource) -> Disclosure:
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
    named = wording.named(resource, disclosure.permit) if isinstance(operation, Query) else None
    return replace(disclosure, released=released, notes=notes, named=named)
