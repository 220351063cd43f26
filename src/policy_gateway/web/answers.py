"""Disclosures as JSON. What is not in a Disclosure cannot be in an answer."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final, NamedTuple

import orjson

from policy_gateway.errors import UpstreamInvalid
from policy_gateway.model.disclosure import Disclosure, Note, ReleasedRecord
from policy_gateway.wire.replying import SAFE as SAFE_EVERYWHERE
from policy_gateway.wire.replying import plain, written

Headers = tuple[tuple[bytes, bytes], ...]

SAFE: Final[Headers] = (*SAFE_EVERYWHERE, (b"vary", b"Authorization, X-Purpose, Accept-Language"))
"""On every answer of the API, whatever it says."""


class Answer(NamedTuple):
    """An answer before it is sent. *version* and *correlation* are of the disclosure, when there is one."""

    status: int
    body: bytes
    headers: Headers = ()
    version: str = ""
    media_type: bytes = b"application/json"


def record_answer(disclosure: Disclosure, *, gdpr: bool = False, status: int = 200, headers: Headers = ()) -> Answer:
    """Return one released record with its ETag; an answer without content when nothing was released."""
    if not disclosure.released.records:
        return Answer(204, b"", headers, disclosure.version)
    record = disclosure.released.records[0]
    body = written(with_obligations(shown(record, disclosure, gdpr=gdpr), disclosure))
    if record.tag:
        headers = (*headers, (b"etag", etag(record, disclosure)))
    return Answer(status, body, headers, disclosure.version)


def list_answer(disclosure: Disclosure, *, gdpr: bool = False, following: bytes | None = None) -> Answer:
    """Return a page of records; *following* is where the next one is, up to its cursor."""
    cursor = disclosure.released.cursor
    headers: Headers = ()
    if cursor is not None and following is not None:
        headers = ((b"link", b"<" + following + cursor.encode() + b'>; rel="next"'),)
    return Answer(200, written(with_obligations(page(disclosure, gdpr=gdpr), disclosure)), headers, disclosure.version)


def page(disclosure: Disclosure, *, gdpr: bool = False) -> dict[str, object]:
    """Return the members that a page of records has."""
    released = disclosure.released
    if gdpr or disclosure.notes:
        data = [shown(record, disclosure, gdpr=gdpr) for record in released.records]
    else:
        data = [
            {"id": record, "fields": fields, "masked": masked, "withheld": withheld}
            for record, fields, masked, withheld, _, _, _ in released.records
        ]
    members: dict[str, object] = {"data": data}
    if released.cursor is not None:
        members["cursor"] = released.cursor
    return members


def shown(record: ReleasedRecord, disclosure: Disclosure, *, gdpr: bool = False) -> dict[str, object]:
    """Return the members that a record has; ``_gdpr`` when it was asked for or policy attached it."""
    members: dict[str, object] = {
        "id": record.id,
        "fields": record.fields,
        "masked": record.masked,
        "withheld": record.withheld,
    }
    notes = disclosure.notes.get(record.id)
    if gdpr or notes:
        members["_gdpr"] = notes or {}
    return members


def with_obligations(members: dict[str, object], disclosure: Disclosure) -> dict[str, object]:
    """Add what policy obliges the caller to do."""
    if disclosure.released.obligations:
        members["obligations"] = sorted(str(obligation) for obligation in disclosure.released.obligations)
    return members


def etag(record: ReleasedRecord, disclosure: Disclosure) -> bytes:
    """Return the ETag of an answer: the record's own tag, and a digest of the notes when there are any.

    What precedes the ``~`` is what a change must be based on: notes are no part of a record's state.
    """
    notes = disclosure.notes.get(record.id)
    if not notes:
        return b'"' + record.tag.encode() + b'"'
    return b'"%b~%b"' % (record.tag.encode(), _digest(notes))


def _digest(notes: Mapping[str, Note]) -> bytes:
    try:
        text = orjson.dumps(notes, default=plain, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        raise UpstreamInvalid from None
    return blake2b(text, digest_size=9).hexdigest().encode()
