"""Hierarchies without cycles, no deeper than Casbin looks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from policy_gateway.policy.bundle import Link
from policy_gateway.policy.dialect import EVERY, LINKS, MAX_DEPTH
from policy_gateway.policy.findings import Findings, Spot

Uppers = Mapping[str, Sequence[Link]]


def check_hierarchies(links: Sequence[Link], tenants: Iterable[str], findings: Findings) -> None:
    """Report each cycle, and each chain of links that Casbin would silently stop following."""
    for kind in LINKS:
        mine = [link for link in links if link.kind == kind]
        for tenant in (EVERY, *sorted(tenants)):
            seen = [link for link in mine if link.tenant in {"", EVERY, tenant}]
            if tenant == EVERY or any(link.tenant == tenant for link in seen):
                _check(kind, seen, findings)


def _check(kind: str, links: Sequence[Link], findings: Findings) -> None:
    uppers: dict[str, list[Link]] = {}
    for link in links:
        uppers.setdefault(link.lower, []).append(link)
    cyclic = [link for link in links if link.lower in reachable(link.upper, uppers)]
    for link in cyclic:
        message = f"`{link.lower}` and `{link.upper}` contain each other"
        findings.say(Spot(link.place.path, link.place.line), "cycle", message)
    if cyclic:
        return
    depths: dict[str, int] = {}
    for link in links:
        if _depth(link.lower, uppers, depths) == MAX_DEPTH + 1:
            message = f"`{link.lower}` is more than {MAX_DEPTH} links below the top of {kind}: Casbin stops there"
            findings.say(Spot(link.place.path, link.place.line), "depth", message)


def reachable(name: str, uppers: Uppers) -> frozenset[str]:
    """Return *name* and everything above it."""
    found, waiting = {name}, [name]
    while waiting:
        for link in uppers.get(waiting.pop(), ()):
            if link.upper not in found:
                found.add(link.upper)
                waiting.append(link.upper)
    return frozenset(found)


def _depth(name: str, uppers: Uppers, depths: dict[str, int]) -> int:
    """Return the longest chain of links above *name*, without recursion: a chain may be long."""
    stack = [name]
    while stack:
        top = stack[-1]
        missing = [link.upper for link in uppers.get(top, ()) if link.upper not in depths]
        if missing:
            stack.extend(missing)
            continue
        depths[top] = max((depths[link.upper] + 1 for link in uppers.get(top, ())), default=0)
        stack.pop()
    return depths[name]
