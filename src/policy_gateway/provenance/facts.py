"""What policy can know of single values: until when each may be kept, and whether it is documented at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from policy_gateway.model.facts import Reading, RecordFacts
from policy_gateway.model.field import ID_PATH, FieldType, Value
from policy_gateway.model.principal import Principal
from policy_gateway.provenance.documentation import Provenance
from policy_gateway.provenance.envelope import Envelope
from policy_gateway.provenance.keys import ValueKeys
from policy_gateway.provenance.store import ANY_PATH, Documented
from policy_gateway.query import Call
from policy_gateway.records import Page, Record

KEEP_UNTIL = "value.keep_until"
DOCUMENTED = "value.documented"
VOUCHED = "fact.vouched"
"""Whether anything is known of single values of a record: when not, nothing must be compared."""

Kinds = Callable[[str, Call], Awaitable[Mapping[str, FieldType]]]
"""Returns the types of the fields of what a tenant's call is about, by path."""

Keyed = Callable[[Value, FieldType], bytes]


class ProvenanceFacts:
    """Knows ``value.keep_until`` (a date, empty for no known end) and ``value.documented`` of each value of a page.

    A default without a date of collection has no end that could have passed. What was changed outside is not
    documented, and is kept as long as a default says.
    """

    provides = frozenset({KEEP_UNTIL, DOCUMENTED})

    def __init__(self, provenance: Provenance, keys: ValueKeys, kinds: Kinds) -> None:
        self._provenance = provenance
        self._keys = keys
        self._kinds = kinds

    async def about_call(self, principal: Principal, call: Call) -> Reading:
        """Return nothing: all of it hangs on values."""
        return {}

    async def about_records(self, principal: Principal, call: Call, page: Page) -> Sequence[RecordFacts]:
        """Return what holds for all values of a record, and for each value of which more is known."""
        ids = [record.id for record in page.records]
        known = await self._provenance.page(principal.tenant, call.connection, page.resource, ids)
        general = _general(known)
        if not known.vouched:
            return [general] * len(ids)
        kinds, keyed = await self._kinds(principal.tenant, call), self._keys.of(principal.tenant)
        return [_of(record, known, general, kinds, keyed) for record in page.records]


def _general(known: Documented) -> RecordFacts:
    values = {path: _facts(envelope) for path, envelope in known.defaults.items() if path != ANY_PATH}
    return RecordFacts({**_facts(known.defaults.get(ANY_PATH)), VOUCHED: False}, values)


def _of(
    record: Record, known: Documented, general: RecordFacts, kinds: Mapping[str, FieldType], keyed: Keyed
) -> RecordFacts:
    own = known.vouched.get(record.id)
    if own is None:
        return general
    values = dict(general.values)
    for path, vouched in own.items():
        if path == ID_PATH or record.values.get(path, path) is None:
            continue
        # A value that was not asked for still decides whatever contains it, so what was vouched for it counts.
        asked = path in record.values
        if not asked or keyed(record.values[path], kinds.get(path, FieldType.TEXT)) == vouched.value_key:
            values[path] = _facts(vouched.envelope)
        else:
            values[path] = {**_facts(known.default(path)), DOCUMENTED: False}
    return RecordFacts({**general.facts, VOUCHED: True}, values)


def _facts(envelope: Envelope | None) -> Mapping[str, object]:
    if envelope is None:
        return {KEEP_UNTIL: "", DOCUMENTED: False}
    return {KEEP_UNTIL: envelope.keep_until(), DOCUMENTED: True}
