"""Forms: which keys a YAML mapping has, and of which kind their values are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from policy_gateway.policy.findings import Findings, Spot, meant
from policy_gateway.policy.tree import Entries, Items, Node, Text


class Form:
    """One mapping of a document, read key by key; whatever does not fit becomes a finding."""

    def __init__(self, node: Node, findings: Findings) -> None:
        self._findings = findings
        self.spot = node.spot
        self._entries: Mapping[str, Node] = {}
        self._keys: Mapping[str, Spot] = {}
        if isinstance(node, Entries):
            self._entries, self._keys = node.entries, node.keys
        else:
            findings.say(node.spot, "form", "this should be keys with values")

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def place(self, key: str) -> Spot:
        """Return where *key* stands, or the form when it does not have it."""
        return self._keys.get(key, self.spot)

    def only(self, keys: Collection[str], *, needed: Collection[str] = ()) -> None:
        """Report keys other than *keys*, and missing ones of *needed*."""
        for key in self._entries:
            if key not in keys:
                self._findings.say(self.place(key), "unknown-key", f"`{key}` is not known here", meant(key, keys))
        for key in needed:
            if key not in self._entries:
                self._findings.say(self.spot, "missing-key", f"`{key}` is missing")

    def text(self, key: str, *, check: Callable[[str], bool] | None = None, kind: str = "text") -> str:
        """Return the text at *key*, empty when there is none; a finding when *check* is not content with it."""
        node = self._entries.get(key)
        if node is None:
            return ""
        if not isinstance(node, Text) or (check is not None and not check(node.value)):
            shown = f"`{node.value}`" if isinstance(node, Text) else f"`{key}`"
            self._findings.say(node.spot, "value", f"{shown} is not a {kind}")
            return ""
        return node.value

    def texts(self, key: str) -> Mapping[str, str]:
        """Return a mapping of texts at *key*; a single text stands for ``{"": text}``."""
        node = self._entries.get(key)
        if node is None:
            return {}
        if isinstance(node, Text):
            return {"": node.value}
        form = Form(node, self._findings)
        return {name: form.text(name) for name in form}

    def listed(self, key: str) -> tuple[Text, ...]:
        """Return the texts in the list at *key*."""
        node = self._entries.get(key)
        if node is None:
            return ()
        if not isinstance(node, Items) or not all(isinstance(item, Text) for item in node.items):
            self._findings.say(node.spot, "value", f"`{key}` should be a list of words")
            return ()
        return tuple(item for item in node.items if isinstance(item, Text))

    def form(self, key: str) -> Form:
        """Return the mapping at *key* as a form of its own."""
        return Form(self._entries[key], self._findings)
