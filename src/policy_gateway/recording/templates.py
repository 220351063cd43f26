"""Paths without the ids, keys and addresses in them: what is no word of an API, or a name where names stand, is one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote

from policy_gateway.recording.placeholders import IDENTIFIER, NAME

_VERSION: Final = re.compile(r"v?\d{1,3}(?:\.\d{1,2})?|20\d{2}-\d{2}(?:-beta)?", re.ASCII)
_TYPE: Final = re.compile(r"\d-\d{1,12}", re.ASCII)
_OPAQUE: Final = re.compile(r"(?=[A-Za-z0-9]*\d)[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?", re.ASCII)

_WORDS: Final = frozenset(
    """
    access-tokens account-info actions analytics apexrest approvalLayouts appMenu archive associations async automation
    batch batches blob brands chatter communication-preferences commerce compactLayouts composite conversations create
    crm crm-object-schemas data default definitions deleted describe details email engagements eventlog events explain
    exports extensions failedResults files flows gdpr-delete graph graphql id imports ingest integrations introspect
    invocable job jobs knowledge labels layouts licensing limits listviews lists m marketing me merge metadata oauth
    oauth2 objects owners parameterizedSearch parsequery pipelines portal private-apps process properties query queryAll
    quickActions read recent reports request result results revoke schemas search services settings signals Soap
    sobjects status stages subscribe subscriptions successfulResults support tabs taxonomies token tooling tree u c T
    ui-api unsubscribe unprocessedRecords unprocessedrecords update updated upsert userinfo users webhooks get
    access-token-info login feeds dashboards
    """.split()  # noqa: SIM905 -- a list of words reads best as words
)
_NAMED_AFTER: Final = frozenset(
    {"sobjects", "objects", "properties", "associations", "default", "schemas", "pipelines"}
)
_NUMBERED_AFTER: Final = frozenset({"u", "c", "m", "T", "async"})
_LAST_VERSION: Final = 3
_FIELD_AFTER: Final = frozenset({"properties"})


def template(path: str) -> str:
    """Return the raw *path* with ``{id}`` for each segment that may be more than a word of an API or a name."""
    segments = [unquote(segment) for segment in path.strip("/").split("/") if segment]
    return "/" + "/".join(_shown(segments, place) for place in range(len(segments)))


def _shown(segments: Sequence[str], place: int) -> str:
    segment = segments[place]
    if _VERSION.fullmatch(segment) and _versioned(segments, place):
        return segment
    if segment in _WORDS:
        return segment
    named = NAME.fullmatch(segment) is not None and _OPAQUE.fullmatch(segment) is None
    if _names_a_type(segments, place):
        return segment if named or _TYPE.fullmatch(segment) else IDENTIFIER
    return segment if named and _names_a_field(segments, place) else IDENTIFIER


def _versioned(segments: Sequence[str], place: int) -> bool:
    """Tell whether a version can stand at *place*: near the beginning, and a number only where a word precedes it."""
    numbered = segments[place - 1] in _NUMBERED_AFTER
    return 0 < place <= _LAST_VERSION and (segments[place].startswith(("v", "20")) or numbered)


def _before(segments: Sequence[str], place: int) -> str:
    """Return the segment before *place*, a version aside."""
    before = place - 1
    if before > 0 and _VERSION.fullmatch(segments[before]) and _versioned(segments, before):
        before -= 1
    return segments[before] if before >= 0 else ""


def _names_a_type(segments: Sequence[str], place: int) -> bool:
    if _before(segments, place) in _NAMED_AFTER:
        return True
    # /crm/v4/associations/contacts/companies: both are types; behind an object's id the second is a record.
    return place > 1 and segments[place - 2] == "associations" and "objects" not in segments


def _names_a_field(segments: Sequence[str], place: int) -> bool:
    if place < 2:  # noqa: PLR2004 -- the word and the type come first
        return False
    if _before(segments, place - 1) in _FIELD_AFTER:
        return True
    keyed = place + 1 < len(segments) or "composite" in segments
    return segments[place - 2] == "sobjects" and keyed
