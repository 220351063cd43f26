"""The comparison: a row a field, a column a persona; in each cell what is shown, why, and where it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from policy_gateway.errors import ConnectionNotFound, Denied, GatewayError, RecordNotFound
from policy_gateway.model.disclosure import Disclosure, Note, ReleasedRecord
from policy_gateway.model.facts import Truth
from policy_gateway.model.field import ID_PATH, Value
from policy_gateway.web.console.address import Address
from policy_gateway.web.console.asking import RESOURCE, View
from policy_gateway.web.console.explaining import HIDDEN, Asked, Explainer, Why
from policy_gateway.web.console.phrases import FIELDS, LEGAL_BASES, LEVELS, PARTS, PERIODS, term
from policy_gateway.web.console.sentences import purpose_label
from policy_gateway.web.console.texts import said
from policy_gateway.web.problems import problem_of

_CLEAR: Final = "clear"
_ORDER: Final[Mapping[str, int]] = {path: place for place, path in enumerate(FIELDS)}
_PERIOD: Final = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?")


@dataclass(frozen=True, slots=True)
class Origin:
    """The envelope of a value: its parts as they are called and what they say, or the *gap* in it."""

    parts: tuple[tuple[str, str], ...] = ()
    gap: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one persona gets of one field.

    *state* is clear, masked, withheld, unknown (not even the name) or unanswered. *values* are what is shown, one by
    one; none for an empty value.
    """

    state: str
    values: tuple[str, ...] = ()
    level: str = ""
    why: Why | None = None
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One field: what people call it, its path, and a cell a column."""

    label: str
    path: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One persona's heading: who that is, and, when the call was refused, in which words.

    *elsewhere* is the client whose CRM was asked instead of the first persona's.
    *absent* is why no record at all can be seen, when rules rather than the CRM say so.
    """

    name: str
    label: str
    elsewhere: str
    purposes: tuple[str, ...]
    problem: tuple[str, str] | None
    obligations: tuple[str, ...]
    absent: Why | None = None


class Comparison:
    """What each of *views* shows of what *address* names; without an *explainer*, not why."""

    def __init__(self, views: Sequence[View], explainer: Explainer | None, address: Address) -> None:
        self._views = views
        self._explainer = explainer
        self._address = address
        self._language = address.language

    def columns(self) -> tuple[Column, ...]:
        """Return the headings."""
        return tuple(self._column(view) for view in self._views)

    def rows(self) -> tuple[Row, ...]:
        """Return the fields that anybody sees or misses: those that people know first, in their usual order."""
        paths: dict[str, None] = {}
        for view in self._views:
            if record := _record(view):
                shown = [path for path in record.fields if path not in record.withheld]
                paths |= dict.fromkeys((*shown, *record.withheld))
        return tuple(self._row(path) for path in sorted(paths, key=_order))

    def _column(self, view: View) -> Column:
        persona, answer = view.persona, view.answer
        bundle = self._explainer.bundle if self._explainer else None
        problem = None
        obligations: tuple[str, ...] = ()
        if isinstance(answer, GatewayError):
            members = problem_of(answer, correlation="", language=self._language).members
            problem = (str(members["title"]), str(members["detail"]))
        else:
            obligations = tuple(sorted(str(obligation) for obligation in answer.released.obligations))
        return Column(
            name=persona.name,
            label=persona.labels.get(self._language, ""),
            elsewhere="" if self._same_crm(view) else persona.tenant,
            purposes=tuple(purpose_label(bundle, purpose, self._language) for purpose in persona.purposes),
            problem=problem,
            obligations=obligations,
            absent=self._absent(view),
        )

    def _same_crm(self, view: View) -> bool:
        """Tell whether *view* is of the first one's CRM; of one that does not exist, there is nothing to tell."""
        same = view.persona.tenant == self._views[0].persona.tenant
        return same or isinstance(view.answer, ConnectionNotFound)

    def _absent(self, view: View) -> Why | None:
        if self._explainer is None or not isinstance(view.answer, RecordNotFound):
            return None
        return self._explainer.absent(self._asked(view, ID_PATH, _CLEAR, {}))

    def _asked(self, view: View, path: str, level: str, truths: Mapping[str, Truth]) -> Asked:
        address = self._address
        return Asked(view.persona, address.connection, address.purpose, f"{RESOURCE}.{path}", level, truths)

    def _row(self, path: str) -> Row:
        return Row(term(FIELDS, path, self._language), path, tuple(self._cell(view, path) for view in self._views))

    def _cell(self, view: View, path: str) -> Cell:
        record = _record(view)
        if record is None:
            why = self._why(view, path, HIDDEN) if isinstance(view.answer, Denied) else None
            return Cell("unanswered", why=why)
        if path not in record.fields:
            state = "withheld" if path in record.withheld else "unknown"
            return Cell(state, why=self._why(view, path, HIDDEN))
        level = record.masked.get(path, _CLEAR)
        return Cell(
            state="masked" if path in record.masked else "clear",
            values=_texts(record.fields[path], self._language),
            level=term(LEVELS, level, self._language),
            why=self._why(view, path, level),
            origin=self._origin(view, record, path),
        )

    def _why(self, view: View, path: str, level: str) -> Why | None:
        explainer, answer = self._explainer, view.answer
        if explainer is None or (isinstance(answer, Disclosure) and answer.version != explainer.version):
            return None
        truths: Mapping[str, Truth] = {}
        if isinstance(answer, Disclosure):
            truths = next((group.truths for group in answer.released.groups), answer.permit.truths)
        return explainer.why(self._asked(view, path, level, truths))

    def _origin(self, view: View, record: ReleasedRecord, path: str) -> Origin | None:
        if not isinstance(view.answer, Disclosure) or record.fields[path] is None:
            return None
        note = view.answer.notes.get(record.id, {}).get(path)
        if note is None:
            return None
        if gap := note.get("gap"):
            return Origin(gap=str(gap))
        return Origin(tuple(self._parts(note)))

    def _parts(self, note: Note) -> Iterator[tuple[str, str]]:
        for name in PARTS:
            if name in note:
                yield term(PARTS, name, self._language), self._part(name, note[name])

    def _part(self, name: str, told: object) -> str:
        bundle = self._explainer.bundle if self._explainer else None
        items = [str(item) for item in told] if isinstance(told, list | tuple) else [str(told)]
        match name:
            case "purposes":
                items = [purpose_label(bundle, item, self._language) for item in items]
            case "legal_basis":
                items = [term(LEGAL_BASES, item, self._language) for item in items]
            case "storage_duration":
                items = [period(item, self._language) for item in items]
            case _:
                pass
        return ", ".join(items)


def _order(path: str) -> int:
    return _ORDER.get(path, len(_ORDER))


def _record(view: View) -> ReleasedRecord | None:
    answer = view.answer
    return answer.released.records[0] if isinstance(answer, Disclosure) and answer.released.records else None


def _texts(value: Value, language: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, tuple):
        return tuple(str(item) for item in value)
    if isinstance(value, bool):
        return (said(language)["yes" if value else "no"],)
    return (str(value),)


def period(told: str, language: str) -> str:
    """Return an ISO 8601 period in words: ``P3Y`` is 3 years."""
    found = _PERIOD.fullmatch(told)
    counts = found.groups() if found else ()
    units = tuple(PERIODS)
    parts = [
        f"{count} {term(PERIODS[units[index]], 'one' if count == '1' else 'many', language)}"
        for index, count in enumerate(counts)
        if count
    ]
    return " ".join(parts) or told
