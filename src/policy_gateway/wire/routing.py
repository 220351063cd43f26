"""Paths to what answers them: patterns of segments, a table of methods each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Generic, TypeVar

from policy_gateway.wire.refusals import MethodRefused, PathUnknown

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Match(Generic[T]):
    """What answers a path: the *target* of a pattern, and the path's segments by the names of its variables."""

    target: T
    variables: Mapping[str, str]


@dataclass(slots=True)
class _Node(Generic[T]):
    words: dict[str, _Node[T]] = field(default_factory=dict)
    anything: _Node[T] | None = None
    targets: dict[str, tuple[T, tuple[str, ...]]] = field(default_factory=dict)


class Routes(Generic[T]):
    """A table of routes: ``("GET", "/crm/v3/objects/{type}/{id}", target)``.

    A path belongs to the pattern that spells out most of it, from its beginning on; that pattern's methods are all
    that the path has. A method ``*`` takes any.
    """

    __slots__ = ("_root",)

    def __init__(self, routes: Iterable[tuple[str, str, T]]) -> None:
        """Read *routes*; ValueError for two of the same method and shape."""
        self._root: _Node[T] = _Node()
        for method, pattern, target in routes:
            self._add(method, pattern, target)

    def _add(self, method: str, pattern: str, target: T) -> None:
        node, names = self._root, []
        for segment in filter(None, pattern.split("/")):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.anything = node.anything or _Node()
                node = node.anything
            else:
                node = node.words.setdefault(segment, _Node())
        if method in node.targets:
            raise ValueError(f"two routes for {method} {pattern}")
        node.targets[method] = (target, tuple(names))

    def find(self, method: str, segments: Sequence[str]) -> Match[T]:
        """Return what answers *method* on the path of *segments*; PathUnknown, MethodRefused."""
        found = _search(self._root, segments, ())
        if found is None:
            raise PathUnknown
        node, values = found
        target = node.targets.get(method) or node.targets.get("*")
        if target is None:
            raise MethodRefused(tuple(sorted(node.targets)))
        return Match(target[0], MappingProxyType(dict(zip(target[1], values, strict=True))))


def _search(
    node: _Node[T], segments: Sequence[str], values: tuple[str, ...]
) -> tuple[_Node[T], tuple[str, ...]] | None:
    if not segments:
        return (node, values) if node.targets else None
    head, rest = segments[0], segments[1:]
    if (word := node.words.get(head)) is not None and (found := _search(word, rest, values)) is not None:
        return found
    return None if node.anything is None else _search(node.anything, rest, (*values, head))
