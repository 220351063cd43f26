"""YAML, read strictly into text with places: no anchors, aliases, tags, merges or repeated keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, NodeEvent
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from policy_gateway.policy.findings import Findings, Spot


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar, as it is written: ``no`` is the text ``no``."""

    value: str
    spot: Spot


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Node, ...]
    spot: Spot


@dataclass(frozen=True, slots=True)
class Entries:
    """A mapping, in its order; *keys* says where each key stands."""

    entries: Mapping[str, Node]
    keys: Mapping[str, Spot]
    spot: Spot


Node = Text | Items | Entries


def read_tree(path: str, text: str, findings: Findings) -> Node | None:
    """Return the one document of *text*; None, and findings, when it is not plain YAML."""
    try:
        if not _plain(path, text, findings):
            return None
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        spot = Spot(path, mark.line + 1, mark.column + 1) if mark is not None else Spot(path)
        findings.say(spot, "yaml", f"this is not YAML: {error.problem or 'it cannot be read'}")
        return None
    except (YAMLError, ValueError, RecursionError):
        findings.say(Spot(path), "yaml", "this is not YAML")
        return None
    if root is None:
        findings.say(Spot(path), "empty", "the file says nothing")
        return None
    return _node(path, root, findings)


def _plain(path: str, text: str, findings: Findings) -> bool:
    for event in YAML(typ="safe", pure=True).parse(text):
        if not isinstance(event, NodeEvent):
            continue
        tagged = getattr(event, "tag", None)
        if isinstance(event, AliasEvent) or event.anchor is not None or tagged is not None:
            spot = Spot(path, event.start_mark.line + 1, event.start_mark.column + 1)
            findings.say(spot, "yaml", "anchors, aliases and tags are not used here", "write the text out")
            return False
    return True


def _node(path: str, node: Any, findings: Findings) -> Node | None:  # noqa: ANN401 -- ruamel's nodes carry no types
    spot = Spot(path, node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, ScalarNode):
        return Text(str(node.value), spot)
    if isinstance(node, SequenceNode):
        found = (_node(path, item, findings) for item in node.value)
        return Items(tuple(item for item in found if item is not None), spot)
    return _entries(path, node, findings) if isinstance(node, MappingNode) else None


def _entries(path: str, node: MappingNode, findings: Findings) -> Entries:
    entries: dict[str, Node] = {}
    keys: dict[str, Spot] = {}
    for key, value in node.value:
        spot = Spot(path, key.start_mark.line + 1, key.start_mark.column + 1)
        if not isinstance(key, ScalarNode) or key.value == "<<":
            findings.say(spot, "yaml", "a key is a plain word")
            continue
        if key.value in entries:
            findings.say(spot, "duplicate-key", f"`{key.value}` is also said in line {keys[key.value].line}")
            continue
        read = _node(path, value, findings)
        if read is not None:
            entries[key.value], keys[key.value] = read, spot
    return Entries(entries, keys, Spot(path, node.start_mark.line + 1, node.start_mark.column + 1))
