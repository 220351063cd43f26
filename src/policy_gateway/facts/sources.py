"""Asks every fact source what a decision depends on, and no source that it does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from policy_gateway.errors import FactsUnavailable, GatewayError
from policy_gateway.model.facts import Reading, RecordFacts
from policy_gateway.model.principal import Principal
from policy_gateway.ports import FactSource
from policy_gateway.query import Call
from policy_gateway.records import Page

Clock = Callable[[], datetime]
"""Returns now, with its time zone."""

_NOTHING = RecordFacts()


@dataclass(frozen=True, slots=True)
class Facts:
    """All fact sources, asked as one. A source that fails stops the call: what is not known releases nothing."""

    sources: tuple[FactSource, ...]
    clock: Clock

    async def about_call(self, principal: Principal, call: Call) -> Reading:
        """Return what is known before any record is read."""
        reading: dict[str, object] = {**_of_principal(principal), **_of_call(call), "call.now": self.clock()}
        for source in self.sources:
            try:
                reading.update(await source.about_call(principal, call))
            except GatewayError:
                raise
            except Exception as broken:  # noqa: BLE001 -- sources are plugins; fail closed
                raise FactsUnavailable(f"a fact source failed with {type(broken).__name__}") from None
        return reading

    async def about_records(
        self, principal: Principal, call: Call, page: Page, needed: frozenset[str]
    ) -> Sequence[RecordFacts]:
        """Return what is known of each record of *page*, in its order; *needed* are the keys that decide."""
        asked = [source for source in self.sources if not needed.isdisjoint(source.provides)]
        if not asked or not page.records:
            return (_NOTHING,) * len(page.records)
        answers = [await _ask(source, principal, call, page) for source in asked]
        return [_merged(own) for own in zip(*answers, strict=True)]


async def _ask(source: FactSource, principal: Principal, call: Call, page: Page) -> Sequence[RecordFacts]:
    try:
        answer = await source.about_records(principal, call, page)
        complete = len(answer) == len(page.records) and all(type(known) is RecordFacts for known in answer)
    except GatewayError:
        raise
    except Exception as broken:  # noqa: BLE001 -- sources are plugins; fail closed
        raise FactsUnavailable(f"a fact source failed with {type(broken).__name__}") from None
    if not complete:
        raise FactsUnavailable("a fact source did not answer for just the records that it was asked about")
    return answer


def _merged(answers: tuple[RecordFacts, ...]) -> RecordFacts:
    if len(answers) == 1:
        return answers[0]
    facts: dict[str, object] = {}
    values: dict[str, dict[str, object]] = {}
    for answer in answers:
        facts.update(answer.facts)
        for path, own in answer.values.items():
            values.setdefault(path, {}).update(own)
    return RecordFacts(facts, values)


def _of_principal(principal: Principal) -> dict[str, object]:
    return {
        "principal.id": principal.id,
        "principal.kind": str(principal.kind),
        "principal.names": principal.names,
        "principal.teams": principal.teams,
        "principal.tenant": principal.tenant,
        "principal.acting_for": principal.acting_for,
    }


def _of_call(call: Call) -> dict[str, object]:
    said = call.circumstances
    return {
        "call.purpose": call.purpose,
        "call.action": str(call.action),
        "call.mode": "normal",
        "call.reason": said.reason or None,
        "call.ticket": said.ticket or None,
        "call.channel": said.channel or None,
        "call.direction": said.direction or None,
        "call.network": said.network or None,
    }
