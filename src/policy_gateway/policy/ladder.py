"""The ladder of disclosure levels: the registered masks, ordered as the vocabulary says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from policy_gateway.model.decision import CLEAR, NONE, Level
from policy_gateway.policy.bundle import Link
from policy_gateway.policy.findings import Findings, Spot, meant
from policy_gateway.policy.hierarchy import reachable
from policy_gateway.ports import Mask


def read_ladder(links: Iterable[Link], masks: Mapping[str, Mask], findings: Findings) -> tuple[Level, ...]:
    """Return the levels that ``g5`` names, least revealing first; findings where they disagree with the masks."""
    steps = [link for link in links if link.kind == "g5"]
    ranks = {NONE.name: NONE.rank, CLEAR.name: CLEAR.rank}
    ranks.update((name, mask.rank) for name, mask in masks.items() if name not in ranks)
    sound = [link for link in steps if _known(link, ranks, findings)]
    used = {CLEAR.name} | {name for link in sound for name in (link.lower, link.upper)} - {NONE.name}
    _check_ranks({name: ranks[name] for name in used}, sound, findings)
    _check_top(used, sound, findings)
    return tuple(sorted((Level(name, ranks[name]) for name in used), key=lambda level: level.rank))


def _known(link: Link, ranks: Mapping[str, int], findings: Findings) -> bool:
    spot = Spot(link.place.path, link.place.line)
    for name in (link.lower, link.upper):
        if name not in ranks:
            findings.say(spot, "unknown-level", f"`{name}` has no mask", meant(name, ranks))
            return False
    if ranks[link.lower] >= ranks[link.upper]:
        message = f"`{link.lower}` reveals no less than `{link.upper}`, by the ranks of their masks"
        findings.say(spot, "level-order", message, "turn them around")
        return False
    return True


def _check_ranks(ranks: Mapping[str, int], steps: Iterable[Link], findings: Findings) -> None:
    places = {name: link.place for link in steps for name in (link.lower, link.upper)}
    by_rank: dict[int, str] = {}
    for name, rank in sorted(ranks.items()):
        if rank in by_rank:
            message = f"`{name}` and `{by_rank[rank]}` have the same rank {rank}, so neither reveals more"
            place = places.get(name) or places[by_rank[rank]]
            findings.say(Spot(place.path, place.line), "level-rank", message)
        by_rank[rank] = name


def _check_top(used: Iterable[str], steps: Iterable[Link], findings: Findings) -> None:
    uppers: dict[str, list[Link]] = {}
    for link in steps:
        uppers.setdefault(link.lower, []).append(link)
    for name in sorted(used):
        if CLEAR.name not in reachable(name, uppers):
            place = next(link.place for link in steps if name in {link.lower, link.upper})
            message = f"`{name}` does not lead to `{CLEAR.name}`, so showing all would not include it"
            findings.say(Spot(place.path, place.line), "level-top", message, f"add `g5, {name}, {CLEAR.name}`")
