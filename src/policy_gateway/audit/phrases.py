"""What entries say again and again: worked out and serialized once for many entries."""

from __future__ import annotations

from collections.abc import Mapping

from orjson import Fragment

from policy_gateway.audit.entry import Body, Json, canonical, plain, reason_code, truths, word
from policy_gateway.audit.memo import Memo
from policy_gateway.model.decision import Decision, Permit
from policy_gateway.model.disclosure import Released
from policy_gateway.model.facts import TruthVector
from policy_gateway.model.field import RecordId
from policy_gateway.query import Call, Change

_MOST = 2048
_CLEAR = "clear"

Levels = tuple[tuple[str, str], ...]
Groups = tuple[tuple[TruthVector, Levels], ...]


class Phrases:
    """The parts of entries that depend on little. What is empty is left out of all of them."""

    def __init__(self) -> None:
        self._calls: Memo[tuple[str, ...], Body] = Memo(_MOST)
        self._decisions: Memo[tuple[object, ...], Body] = Memo(_MOST)
        self._released: Memo[tuple[object, ...], _Told] = Memo(_MOST)

    def of_call(self, call: Call) -> Body:
        """Return what the caller said: its words are cut, kept on one line, and kept only where they can be ours."""
        operation, said = call.operation, call.circumstances
        kind = operation.kind.value if isinstance(operation, Change) else type(operation).__name__.lower()
        action = kind if isinstance(operation, Change) else call.action.value
        key = (call.connection, operation.resource, call.purpose, said.channel, kind, action)
        told = dict(self._calls.get(key) or self._calls.put(key, _call(*key)))
        if said.reason:
            told["reason"] = reason_code(said.reason)
        if said.ticket:
            told["ticket"] = plain(said.ticket)
        if said.interaction:
            told["interaction"] = plain(said.interaction)
        if said.request_id:
            told["request_id"] = plain(said.request_id)
        return told

    def of_decision(self, decision: Decision) -> Body:
        """Return what policy said, and why."""
        obligations = decision.obligations if isinstance(decision, Permit) else frozenset()
        key = (decision.version, decision.rules, decision.truths, obligations)
        known = self._decisions.get(key)
        if known is not None:
            return known
        told: Body = {
            "obligations": sorted(map(str, obligations)),
            "policy_version": decision.version,
            "rules": sorted(decision.rules),
            "truths": truths(decision.truths),
        }
        return self._decisions.put(key, compact(told))

    def of_released(self, released: Released, subjects: Mapping[RecordId, str]) -> Body:
        """Return fields by name and level, and groups by their truths, with *subjects* by pseudonym."""
        groups = tuple([(group.truths, tuple(group.levels.items())) for group in released.groups])
        withheld = frozenset([record.withheld for record in released.records])
        key = (groups, withheld, released.rules, released.obligations)
        told = self._released.get(key) or self._released.put(key, _Told(released, groups, withheld))
        if not groups:
            return told.shown
        shared = zip(told.groups, released.groups, strict=True)
        own: list[Json] = [{**said, "subjects": [subjects[record] for record in group.ids]} for said, group in shared]
        return {**told.shown, "groups": own}


class _Told:
    """What entries say of releases that differ only in whom they are about: as a whole, and group by group."""

    __slots__ = ("groups", "shown")

    def __init__(self, released: Released, groups: Groups, withheld: frozenset[tuple[str, ...]]) -> None:
        masked = _by_level(tuple(pair for _, levels in groups for pair in levels))
        clear = masked.pop(_CLEAR, [])
        self.groups = [compact({"levels": _by_level(levels), "truths": truths(vector)}) for vector, levels in groups]
        self.shown = compact(
            {
                "masked": masked,
                "obligations": sorted(map(str, released.obligations)),
                "released": clear,
                "rules": sorted(released.rules),
                "withheld": sorted(set().union(*withheld)),
            }
        )


def compact(told: Body) -> Body:
    """Return *told* without what is empty, its lists and maps serialized."""
    return {
        key: value if isinstance(value, str) else Fragment(canonical(value)) for key, value in told.items() if value
    }


def _call(connection: str, resource: str, purpose: str, channel: str, kind: str, action: str) -> Body:
    names = {"channel": channel, "connection": connection, "purpose": purpose, "resource": resource}
    return compact({"action": action, "operation": kind, **{key: word(name) for key, name in names.items()}})


def _by_level(levels: Levels) -> dict[str, list[str]]:
    told: dict[str, set[str]] = {}
    for path, level in levels:
        told.setdefault(level, set()).add(path)
    return {level: sorted(paths) for level, paths in told.items()}
