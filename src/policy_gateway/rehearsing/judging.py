"""What a rehearsed request would come to: answered, narrowed, refused or not served, by which rules, at what cost."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from policy_gateway.errors import ConnectionNotFound, FieldRefused, RecordNotFound, SafeguardError, UpstreamError
from policy_gateway.model.decision import Permit
from policy_gateway.model.disclosure import Disclosure
from policy_gateway.model.field import Resource
from policy_gateway.query import Change, Describe, Query, Verify
from policy_gateway.recording import ANYTHING
from policy_gateway.rehearsing.assembly import Rehearsed
from policy_gateway.rehearsing.reasons import Reasons
from policy_gateway.rehearsing.replaying import Answered
from policy_gateway.rehearsing.synthetic import Count
from policy_gateway.rehearsing.watching import Notebook, Step

BAD: Final = 400
BROKEN: Final = 500
NOWHERE: Final = frozenset({403, 404, 405, 501})
NOT_OFFERED: Final = frozenset({"API_DISABLED_FOR_ORG", "FUNCTIONALITY_NOT_ENABLED"})

_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,63}", re.ASCII)
_CODES: Final = ("errorCode", "category", "statusCode", "error", "exceptionCode")
_XML_CODE: Final = re.compile(rb"<(?:[a-z]+:)?(?:exceptionCode|faultcode)>([A-Za-z0-9_.:-]{1,64})<")
_DESCRIBING: Final = frozenset({"describe", "sobjects", "schemas", "properties"})
_WORD: Final = re.compile(r"[A-Za-z0-9_.$:*/-]{1,120}", re.ASCII)


class Outcome(StrEnum):
    """What becomes of a request: answered in full, in part, refused, not served at all, or nobody can tell."""

    FULL = "full"
    NARROWED = "narrowed"
    REFUSED = "refused"
    UNSERVED = "unserved"
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """What a request is about: reading records, writing them, or what the gateway answers by itself."""

    READ = "read"
    WRITE = "write"
    OWN = "own"


@dataclass(frozen=True, slots=True, order=True)
class Effect:
    """What becomes of one field: *how* is ``withheld``, ``hidden`` (nobody named it), ``refused`` or a mask's level."""

    field: str
    how: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a request comes to.

    *status* and *code* are those of the answer that its client would get (0: none), *depends* are the attributes of a
    record on which it depends, too, and *count* is what it would ask of the CRM, in so many *operations* on records: a
    request that writes has one for each record that it writes, whatever it looks up for that.
    """

    outcome: Outcome
    kind: Kind = Kind.OWN
    status: int = 0
    code: str = ""
    effects: tuple[Effect, ...] = ()
    rules: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()
    count: Count = field(default_factory=Count)
    operations: int = 0


def judged(rehearsed: Rehearsed, path: str, answered: Answered, notes: Notebook, count: Count) -> Verdict:
    """Return what a request to the template *path* came to, by its answer, the calls that it led to, and their entries.

    *count* is what the CRM was asked meanwhile.
    """
    steps = _telling(notes.steps)
    judge = _Judge(rehearsed, steps, describes=_describes(path))
    refusals = judge.refusals(notes.entries)
    effects = tuple(sorted({*refusals, *judge.shown()}))
    outcome = _outcome(answered, steps, effects)
    entries = (rule for entry in notes.entries for rule in _list(entry.get("rules")))
    return Verdict(
        outcome=outcome,
        kind=_kind(steps),
        status=answered.status,
        code=code_of(answered) if outcome in {Outcome.REFUSED, Outcome.UNSERVED, Outcome.UNKNOWN} else "",
        effects=effects,
        rules=tuple(sorted({str(rule) for rule in entries})),
        depends=tuple(sorted({key for step in steps for key in _deciding(step)})),
        count=count,
        operations=_operations(steps),
    )


def _describes(path: str) -> bool:
    """Tell whether the answer of *path* is about fields: elsewhere, descriptions are only what a facade looks up."""
    parts = [part for part in path.split("/") if part[:1].islower()]
    return bool(_DESCRIBING.intersection(parts[-1:])) or parts[-2:-1] == ["properties"]


def code_of(answered: Answered) -> str:
    """Return the vendor's code of a refusal: the code alone, for words may repeat what was asked."""
    found = _XML_CODE.search(answered.body)
    if found:
        return found[1].decode()
    try:
        document = json.loads(answered.body)
    except ValueError:
        return ""
    said = document[0] if isinstance(document, list) and document else document
    if isinstance(said, dict):
        for name in _CODES:
            code = said.get(name)
            if isinstance(code, str) and _CODE.fullmatch(code):
                return code
    return ""


def _telling(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return the steps that are what the client asked for: what a facade wants to know beforehand is not."""
    about_records = tuple(step for step in steps if not isinstance(step.call.operation, Describe))
    return about_records or tuple(steps)


def _kind(steps: Iterable[Step]) -> Kind:
    operations = [step.call.operation for step in steps if not step.attempt]
    if any(isinstance(operation, Change) for operation in operations):
        return Kind.WRITE
    return Kind.READ if any(isinstance(operation, Query | Verify) for operation in operations) else Kind.OWN


def _operations(steps: Iterable[Step]) -> int:
    operations = [step.call.operation for step in steps if not step.attempt]
    changes = sum(isinstance(operation, Change) for operation in operations)
    return changes or sum(isinstance(operation, Query) for operation in operations)


def _outcome(answered: Answered, steps: Sequence[Step], effects: Iterable[Effect]) -> Outcome:
    errors = [step.ended for step in steps if not isinstance(step.ended, Disclosure)]
    fault = _XML_CODE.search(answered.body) is not None  # SOAP tells of any refusal by the status 500
    broken = answered.status >= BROKEN and not fault
    if broken or any(isinstance(error, UpstreamError | SafeguardError) for error in errors):
        return Outcome.UNKNOWN
    asked = [step for step in steps if not step.attempt]
    if answered.status >= BAD and not asked:
        lost = any(isinstance(error, RecordNotFound) for error in errors)
        nowhere = answered.status in {*NOWHERE, BROKEN} or code_of(answered) in NOT_OFFERED
        return Outcome.UNSERVED if nowhere and not lost else Outcome.REFUSED
    if any(isinstance(error, ConnectionNotFound) for error in errors):
        return Outcome.UNSERVED
    refused = [error for error in errors if not isinstance(error, RecordNotFound)]
    if answered.status >= BAD or refused:
        return Outcome.REFUSED
    return Outcome.NARROWED if any(effects) else Outcome.FULL


def _deciding(step: Step) -> Iterator[str]:
    if isinstance(step.ended, Disclosure) and not isinstance(step.call.operation, Describe):
        permit = step.ended.permit
        residuals = (permit.residual, *([permit.change] if permit.change else []))
        for residual in residuals:
            yield from residual.reads
            yield from residual.facts


class _Judge:
    """Looks at the calls of one request."""

    def __init__(self, rehearsed: Rehearsed, steps: Sequence[Step], *, describes: bool) -> None:
        self._catalogue = rehearsed.casting.catalogue
        self._reasons = Reasons(rehearsed)
        self._steps = steps
        self._describes = describes

    def refusals(self, entries: Sequence[Mapping[str, object]]) -> Iterator[Effect]:
        """Yield the fields that were refused, as the client called them, with the rules that the journal names."""
        denied = [entry for entry in entries if entry.get("decision") == "deny"]
        rules = tuple(sorted({str(rule) for entry in denied for rule in _list(entry.get("rules"))}))
        for step in self._steps:
            if isinstance(step.ended, FieldRefused):
                for name in step.ended.names:
                    yield Effect(_word(name), "refused", rules)

    def shown(self) -> Iterator[Effect]:
        """Yield the fields that are narrowed away, hidden or masked at best."""
        for step in self._steps:
            if not isinstance(step.ended, Disclosure):
                continue
            match step.call.operation:
                case Query() as query:
                    yield from self._of_query(query, step, step.ended)
                case Describe() if self._describes:
                    yield from self._of_description(step.ended)
                case _:
                    continue

    def _of_query(self, query: Query, step: Step, disclosure: Disclosure) -> Iterator[Effect]:
        resource = self._catalogue.resources[disclosure.released.resource]
        yield from self._of_permit(disclosure.permit, resource, "", str(step.call.action))
        if disclosure.named is not None and query.select:
            for word in query.select:
                if isinstance(word, str) and word not in disclosure.named.fields and "." not in word:
                    yield Effect(_word(word), "withheld", self._reasons.of_word(resource, word))
        if not query.select:
            viewable = set(disclosure.permit.viewable)
            yield from self._hidden(resource, (path for path in resource.fields if path not in viewable), "")

    def _of_permit(self, permit: Permit, resource: Resource, within: str, action: str) -> Iterator[Effect]:
        for path, level in permit.ceiling.items():
            if level.rank < self._reasons.clear:
                known = resource.fields.get(path)
                name = f"{within}{known.native if known and known.native else path}"
                how = level.name if level.rank else "withheld"
                yield Effect(name, how, self._reasons.of(resource, path, action))
        for related in permit.related:
            step = next((each.relationship for each in resource.fields.values() if each.path == related.name), "")
            child = next((each.native for each in resource.children if each.name == related.name), "")
            beyond = f"{within}{child or step or related.name}."
            yield from self._of_permit(related.permit, related.resource, beyond, action)

    def _of_description(self, disclosure: Disclosure) -> Iterator[Effect]:
        for known in disclosure.described:
            whole = self._catalogue.resources[known.resource.name]
            within = f"{whole.native}." if len(disclosure.described) > 1 else ""
            yield from self._hidden(whole, (path for path in whole.fields if path not in known.resource.fields), within)

    def _hidden(self, resource: Resource, paths: Iterable[str], within: str) -> Iterator[Effect]:
        for path in paths:
            name = resource.fields[path].native or path
            yield Effect(f"{within}{name}", "hidden", self._reasons.of(resource, path, "view"))


def _word(name: str) -> str:
    """Return a name that the client wrote, as far as it can be a name at all."""
    return name if _WORD.fullmatch(name) else ANYTHING


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []
