"""Say what was released in the caller's own words: those of the CRM whose dialect it speaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from policy_gateway.model.disclosure import Disclosure, ReleasedRecord
from policy_gateway.model.field import ID_PATH, Field, Resource
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
    return replace(disclosure, released=released, notes=notes)
