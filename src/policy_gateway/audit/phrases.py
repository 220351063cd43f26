"""What entries say again and again: worked out and serialized once for many entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orjson import Fragment, dumps

from policy_gateway.audit.entry import VERSION, Body, Json, canonical, plain, reason_code, truths, word
from policy_gateway.audit.memo import Memo
from policy_gateway.model.decision import DEFAULT_DENY, Decision, Deny, DenyKind, Permit
from policy_gateway.model.disclosure import Group, Released
from policy_gateway.model.field import RecordId
from policy_gateway.query import Call, Change

_MOST = 2048
_CLEAR = "clear"


class Phrase:
    """Members of entries, what is empty left out. The same members are the same object, while they are remembered."""

    __slots__ = ("told",)

    def __init__(self, told: Body) -> None:
        self.told: Body = {
            key: value if isinstance(value, str) else Fragment(canonical(value)) for key, value in told.items() if value
        }


class Phrases:
    """The parts of entries that depend on little, and entries put together of them."""

    def __init__(self) -> None:
        self._calls: Memo[tuple[str, ...], Phrase] = Memo(_MOST)
        self._decisions: Memo[tuple[object, ...], Phrase] = Memo(_MOST)
        self._ends: Memo[tuple[str, ...], Phrase] = Memo(_MOST)
        self._released: Memo[tuple[object, ...], Shown] = Memo(_MOST)
        self._sentences: Memo[tuple[object, ...], _Sentence] = Memo(_MOST)

    def of_call(self, call: Call) -> Phrase:
        """Return what kind of call it is; the caller's words are kept only where they can be ours."""
        operation = call.operation
        if isinstance(operation, Change):
            kind = action = str(operation.kind)
        else:
            kind, action = type(operation).__name__.lower(), str(call.action)
        key = (call.connection, operation.resource, call.purpose, call.circumstances.channel, kind, action)
        return self._calls.get(key) or self._calls.put(key, _call(*key))

    def of_decision(self, decision: Decision) -> Phrase:
        """Return what policy said, and why."""
        obligations = decision.obligations if isinstance(decision, Permit) else frozenset()
        rules = sorted(decision.rules)
        if not rules and isinstance(decision, Deny) and decision.kind is not DenyKind.PURPOSE:
            rules = [DEFAULT_DENY]
        key = (decision.version, *rules, decision.truths, obligations)
        known = self._decisions.get(key)
        if known is not None:
            return known
        told: Body = {
            "obligations": sorted(map(str, obligations)),
            "policy_version": decision.version,
            "rules": rules,
            "truths": truths(decision.truths),
        }
        return self._decisions.put(key, Phrase(told))

    def of_end(self, kind: str, decision: str, code: str, outcome: str, timing: str) -> Phrase:
        """Return how it ended."""
        key = (kind, decision, code, outcome, timing)
        names = ("kind", "decision", "code", "outcome", "timing")
        return self._ends.get(key) or self._ends.put(key, Phrase(dict(zip(names, key, strict=True))))

    def of_released(self, released: Released) -> Shown:
        """Return fields by name and level, and groups by their truths."""
        groups = tuple([(group.truths, tuple(group.levels), *group.levels.values()) for group in released.groups])
        withheld = frozenset([record.withheld for record in released.records])
        key = (groups, withheld, released.rules, released.obligations)
        return self._released.get(key) or self._released.put(key, Shown(released))

    def sentence(self, told: tuple[Phrase, ...], own: Body) -> bytes:
        """Return the canonical bytes of everything that *told* and *own* say; what comes later counts."""
        key = (*told, *own)
        sentence = self._sentences.get(key) or self._sentences.put(key, _Sentence(told, own))
        return sentence.with_own(own)


class Shown:
    """What entries say of releases that differ only in whom they are about."""

    __slots__ = ("_groups", "phrase")

    def __init__(self, released: Released) -> None:
        levels = [pair for group in released.groups for pair in group.levels.items()]
        masked = _by_level(levels)
        clear = masked.pop(_CLEAR, [])
        self._groups = [_group(group) for group in released.groups]
        self.phrase = Phrase(
            {
                "masked": masked,
                "obligations": sorted(map(str, released.obligations)),
                "released": clear,
                "rules": sorted(released.rules),
                "withheld": sorted({path for record in released.records for path in record.withheld}),
            }
        )

    def about(self, groups: Sequence[Group], subjects: Mapping[tuple[str, RecordId], str]) -> Json:
        """Return the groups, with *subjects* by pseudonym."""
        shared = zip(self._groups, groups, strict=True)
        return [
            {**told, "subjects": [subjects[group.resource, record] for record in group.ids]} for told, group in shared
        ]


class _Sentence:
    """An entry in which only the values of some members are missing, everything in its canonical order."""

    __slots__ = ("_whole",)

    def __init__(self, told: tuple[Phrase, ...], own: Body) -> None:
        whole: Body = {"v": VERSION}
        for phrase in told:
            whole |= phrase.told
        whole |= dict.fromkeys(own, "")
        self._whole = {key: whole[key] for key in sorted(whole)}

    def with_own(self, own: Body) -> bytes:
        """Return the canonical bytes."""
        # Sorted already: what has a value keeps its place.
        return dumps({**self._whole, **own})


def said(call: Call) -> Body:
    """Return the caller's own words, cut and kept on one line."""
    words = call.circumstances
    told: Body = {}
    if words.reason:
        told["reason"] = reason_code(words.reason)
    if words.ticket:
        told["ticket"] = plain(words.ticket)
    if words.interaction:
        told["interaction"] = plain(words.interaction)
    if words.request_id:
        told["request_id"] = plain(words.request_id)
    return told


def _call(connection: str, resource: str, purpose: str, channel: str, kind: str, action: str) -> Phrase:
    names = {"channel": channel, "connection": connection, "purpose": purpose, "resource": resource}
    return Phrase({"action": action, "operation": kind, **{key: word(name) for key, name in names.items()}})


def _group(group: Group) -> Body:
    parts: Body = {"levels": _by_level(list(group.levels.items())), "truths": truths(group.truths)}
    told: Body = {key: Fragment(canonical(value)) for key, value in parts.items() if value}
    return {key: told.get(key, "") for key in sorted({*told, "subjects"})}


def _by_level(levels: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    told: dict[str, set[str]] = {}
    for path, level in levels:
        told.setdefault(level, set()).add(path)
    return {level: sorted(paths) for level, paths in told.items()}
