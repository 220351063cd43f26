"""The last audit entries, as the auditor was shown them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from policy_gateway.errors import GatewayError
from policy_gateway.model.disclosure import Disclosure, ReleasedRecord
from policy_gateway.model.field import Value
from policy_gateway.web.console.texts import said
from policy_gateway.web.problems import problem_of

_TO_THE_SECOND: Final = 19
_FIELDS: Final = ("fields", "written", "searched", "refused")


@dataclass(frozen=True, slots=True)
class Line:
    """One entry; what is not there is empty."""

    moment: str
    time: str
    who: str
    purpose: str
    action: str
    what: str
    fields: tuple[str, ...]
    decision: str
    permitted: bool
    rules: tuple[str, ...]
    code: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """The last entries, the newest first, or why they may not be read."""

    lines: tuple[Line, ...] = ()
    problem: tuple[str, str] | None = None


def remembered(answer: Disclosure | GatewayError, language: str) -> Remembered:
    """Return what the page says of the auditor's *answer*."""
    if isinstance(answer, GatewayError):
        members = problem_of(answer, correlation="", language=language).members
        return Remembered(problem=(str(members["title"]), str(members["detail"])))
    return Remembered(tuple(_line(record, language) for record in answer.released.records))


def _line(record: ReleasedRecord, language: str) -> Line:
    fields = record.fields
    moment = _text(fields.get("time"))
    decision = _text(fields.get("decision"))
    where = [_text(fields.get("connection")), _text(fields.get("resource"))]
    return Line(
        moment=moment,
        time=moment[:_TO_THE_SECOND].replace("T", " "),
        who=_text(fields.get("principal")),
        purpose=_text(fields.get("purpose")),
        action=_text(fields.get("action")),
        what="/".join(part for part in where if part),
        fields=next(filter(None, (_texts(fields.get(path)) for path in _FIELDS)), ()),
        decision=said(language).get(decision, decision),
        permitted=decision == "permit",
        rules=_texts(fields.get("rules")),
        code=_text(fields.get("code")) or _text(fields.get("outcome")),
    )


def _text(value: Value) -> str:
    return "" if value is None else str(value)


def _texts(value: Value) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, tuple) else ()
