"""What one entry says, and its canonical bytes.

An entry names fields, levels and rules; it never holds a value, a record's id or a person's name. Its bytes are
canonical JSON (RFC 8785): ASCII keys in order, integers and strings only, so sorted compact UTF-8 is all it takes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

import orjson

from policy_gateway.model.facts import TruthVector

Json: TypeAlias = "str | int | orjson.Fragment | Sequence[Json] | Mapping[str, Json]"
Body: TypeAlias = dict[str, Json]

DECISION = "decision"
OUTCOME = "outcome"
SYSTEM = "system"
SYSTEM_TENANT = "_system"
VERSION = 1

MOST_CHARACTERS = 128
CORRELATION = re.compile(r"[0-9a-f]{32}")
_WORD = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_REASON = re.compile(r"[a-z0-9-]{1,40}")
_TIMINGS = ((1, "1ms"), (10, "10ms"), (100, "100ms"), (1000, "1s"), (10_000, "10s"))

EMPTY: Mapping[str, Json] = {
    "acting_for": [],
    "action": "",
    "channel": "",
    "code": "",
    "connection": "",
    "correlation": "",
    "decision": "",
    "groups": [],
    "interaction": "",
    "kind": "",
    "legal_basis": "",
    "masked": {},
    "obligations": [],
    "operation": "",
    "outcome": "",
    "policy_version": "",
    "principal": "",
    "purpose": "",
    "reason": "",
    "refused": [],
    "released": [],
    "remark": "",
    "request_id": "",
    "resource": "",
    "rules": [],
    "searched": [],
    "searched_count": 0,
    "subjects": [],
    "ticket": "",
    "time": 0,
    "timing": "",
    "truths": {},
    "withheld": [],
    "written": [],
    "written_count": 0,
}
"""All that an entry can say; what is empty is left out of its bytes."""


def serialized(body: Body) -> bytes:
    """Return the canonical bytes of what *body* says."""
    return canonical({"v": VERSION, **body})


def canonical(value: Json) -> bytes:
    """Return the RFC 8785 form of *value*, whose keys must be ASCII and whose numbers must be integers."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def sealed(body: bytes, tenant: str, seq: int, salt: str) -> bytes:
    """Return the canonical bytes of a whole entry: *body* as serialized before, with what the journal adds."""
    return b'{"entry":%b,"salt":"%b","seq":%d,"tenant":"%b"}' % (body, salt.encode(), seq, tenant.encode())


def decoded(entry: bytes) -> dict[str, Json]:
    """Return a whole entry as one flat dict in which nothing is missing."""
    whole = orjson.loads(entry)
    return {**EMPTY, **whole.pop("entry"), **whole}


def plain(text: str, most: int = MOST_CHARACTERS) -> str:
    """Return *text* cut to *most* characters on one line: what does not print (U+2028, control …) is spelt out."""
    text = text[:most]
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def word(text: str) -> str:
    """Return *text* if it can be a name of ours (a purpose, connection, resource), else ``?``."""
    return text if not text or _WORD.fullmatch(text) else "?"


def reason_code(text: str) -> str:
    """Return *text* if it is a reason code; free text is not for the entry."""
    return text if _REASON.fullmatch(text) else ""


def milliseconds(moment: datetime) -> int:
    """Return *moment* as milliseconds since 1970 UTC."""
    return int(moment.timestamp() * 1000)


def timing(passed: int) -> str:
    """Return the class of a duration in milliseconds; a finer one would tell what was found."""
    for most, name in _TIMINGS:
        if passed < most:
            return name
    return "longer"


def truths(vector: TruthVector) -> Json:
    """Return conditions by their truth."""
    told: dict[str, list[Json]] = {}
    for condition, truth in sorted(vector.items()):
        told.setdefault(truth.value, []).append(condition)
    return dict(told.items())
