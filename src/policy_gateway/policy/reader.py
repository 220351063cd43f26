"""Reading a policy folder, strictly: everything wrong with it at once, or a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from policy_gateway.errors import PolicyError
from policy_gateway.policy.bundle import Bundle, Instruction, Link, Mandate, Purpose, Rule
from policy_gateway.policy.dialect import ACTIONS, LINKS, MODEL, model_lines
from policy_gateway.policy.findings import Findings, Spot, meant
from policy_gateway.policy.hierarchy import check_hierarchies, reachable
from policy_gateway.policy.instructions import read_instructions
from policy_gateway.policy.ladder import read_ladder
from policy_gateway.policy.links import LinkFile, implied_links, read_links
from policy_gateway.policy.mandates import read_mandate
from policy_gateway.policy.purposes import purpose_links, read_purposes
from policy_gateway.policy.rows import Row, rows_in
from policy_gateway.policy.rules import RuleFile, RuleReader
from policy_gateway.policy.sources import (
    GROUP_FILE,
    INSTRUCTIONS_FILE,
    LAW_FILE,
    MODEL_FILE,
    PURPOSES_FILE,
    VOCABULARY_FILE,
    Sources,
    snapshot,
)
from policy_gateway.policy.tree import Node, read_tree
from policy_gateway.policy.vocabulary import Vocabulary
from policy_gateway.policy.words import TENANT, Words

_RULE = "p"


def read_folder(folder: Path, vocabulary: Vocabulary) -> Bundle:
    """Return the bundle that *folder* holds. Raises PolicyError with every finding."""
    return read_files(snapshot(folder), vocabulary)


def read_files(files: Mapping[str, bytes], vocabulary: Vocabulary) -> Bundle:
    """Return the bundle of *files* (bytes by path within the folder). Raises PolicyError with every finding."""
    findings = Findings()
    bundle = _Reading(Sources(files, findings), vocabulary, findings).bundle()
    found = findings.all()
    if found:
        raise PolicyError(found)
    return bundle


class _Reading:
    """One pass over the sources of a folder."""

    def __init__(self, sources: Sources, vocabulary: Vocabulary, findings: Findings) -> None:
        self._sources = sources
        self._vocabulary = vocabulary
        self._findings = findings
        self._rules: dict[str, list[Row]] = {}
        self._links: dict[str, list[Row]] = {}

    def bundle(self) -> Bundle:
        self._check_model()
        purposes = self._purposes()
        instructions = self._instructions()
        mandates = self._mandates(purposes)
        own = [_csv(tenant) for tenant in sorted(self._sources.tenants)]
        for path in (VOCABULARY_FILE, LAW_FILE, GROUP_FILE, *own):
            self._sort_rows(path)
        links = self._vocabulary_links() + purpose_links(purposes)
        check_hierarchies(links, self._sources.tenants, self._findings)
        ladder = read_ladder(links, self._vocabulary.masks, self._findings)
        levels = frozenset(level.name for level in ladder) | {"none"}
        words = _words(links, purposes, instructions, self._sources.tenants, levels)
        rules = self._all_rules(words)
        if not rules:
            self._findings.say(Spot(LAW_FILE), "no-rules", "there is no rule at all, and so nothing to decide by")
        return Bundle(self._sources.version, rules, links, purposes, mandates, ladder, instructions)

    def _check_model(self) -> None:
        text = self._sources.text(MODEL_FILE)
        if text is None or model_lines(text) == model_lines(MODEL):
            return
        expected = model_lines(MODEL)
        message = "this is not the gateway's model; another one could decide anything"
        for number, line in enumerate(text.split("\n"), 1):
            plain = "".join(line.removesuffix("\\").split())
            if plain and not plain.startswith(("#", ";")) and not any(plain in known for known in expected):
                self._findings.say(Spot(MODEL_FILE, number), "model", message, "restore the line")
                return
        self._findings.say(Spot(MODEL_FILE), "model", message, "restore the file")

    def _purposes(self) -> Mapping[str, Purpose]:
        node = self._tree(PURPOSES_FILE)
        return {} if node is None else read_purposes(node, self._findings)

    def _instructions(self) -> Mapping[str, Instruction]:
        node = self._tree(INSTRUCTIONS_FILE)
        return {} if node is None else read_instructions(node, self._sources.tenants, self._findings)

    def _mandates(self, purposes: Mapping[str, Purpose]) -> Mapping[str, Mandate]:
        broad = {purpose.broader for purpose in purposes.values()}
        leaves = {name: name not in broad for name in purposes}
        mandates = {}
        for tenant in sorted(self._sources.tenants):
            path = f"tenants/{tenant}.yaml"
            if not TENANT.fullmatch(tenant):
                message = f"`{tenant}` is not a tenant's name"
                self._findings.say(Spot(path), "tenant", message, "use lower-case letters, digits, `_` and `-`")
            node = self._tree(path)
            if node is not None:
                mandates[tenant] = read_mandate(tenant, node, leaves, self._findings)
        return mandates

    def _tree(self, path: str) -> Node | None:
        text = self._sources.text(path)
        return None if text is None else read_tree(path, text, self._findings)

    def _sort_rows(self, path: str) -> None:
        text = self._sources.text(path)
        if text is None:
            return
        linking = path == VOCABULARY_FILE or path.startswith("tenants/")
        ruling = path != VOCABULARY_FILE
        kinds = (*(LINKS if linking else ()), *((_RULE,) if ruling else ()))
        for row in rows_in(path, text, self._findings):
            if row.kind.text not in kinds:
                message = f"`{row.kind.text}` does not begin a row here"
                suggestion = meant(row.kind.text, kinds) or f"expected {', '.join(kinds)}"
                self._findings.say(row.spot, "row-type", message, suggestion)
            else:
                sorted_rows = self._rules if row.kind.text == _RULE else self._links
                sorted_rows.setdefault(path, []).append(row)
        if path == LAW_FILE and not self._rules.get(path):
            self._findings.say(Spot(path), "empty", "the law asks for something: there is no rule in this file")

    def _vocabulary_links(self) -> tuple[Link, ...]:
        tenants = self._sources.tenants
        links = read_links(self._links.get(VOCABULARY_FILE, ()), LinkFile(tenants), self._findings)
        for tenant in sorted(tenants):
            links += read_links(self._links.get(_csv(tenant), ()), LinkFile(tenants, tenant), self._findings)
        groups = {link.upper for link in links if link.kind == "g3"} | set(ACTIONS)
        for link in links:
            if link.kind == "g3" and link.lower not in groups:
                spot = Spot(link.place.path, link.place.line)
                message = f"`{link.lower}` is not a known action"
                self._findings.say(spot, "unknown-action", message, meant(link.lower, groups))
        return links + implied_links(links)

    def _all_rules(self, words: Words) -> tuple[Rule, ...]:
        reader = RuleReader(words, self._vocabulary, self._findings)
        rules = reader.read(self._rules.get(LAW_FILE, ()), RuleFile(always=True))
        rules += reader.read(self._rules.get(GROUP_FILE, ()), RuleFile())
        for tenant in sorted(self._sources.tenants):
            rules += reader.read(self._rules.get(_csv(tenant), ()), RuleFile(own=tenant))
        return rules


def _csv(tenant: str) -> str:
    return f"tenants/{tenant}.csv"


def _words(
    links: tuple[Link, ...],
    purposes: Mapping[str, Purpose],
    instructions: Mapping[str, Instruction],
    tenants: frozenset[str],
    levels: frozenset[str],
) -> Words:
    def named(kind: str) -> frozenset[str]:
        return frozenset(name for link in links if link.kind == kind for name in (link.lower, link.upper))

    uppers: dict[str, list[Link]] = {}
    for link in links:
        if link.kind == "g3":
            uppers.setdefault(link.lower, []).append(link)
    above = {action: reachable(action, uppers) for action in ACTIONS}
    groups = named("g3") | set(ACTIONS)
    return Words(
        tenants=tenants,
        roles=frozenset(name for name in named("g") if ":" not in name),
        objects=named("g2"),
        actions={name: frozenset(action for action in ACTIONS if name in above[action]) for name in groups},
        purposes=frozenset(purposes),
        levels=levels,
        instructions={name: instruction.tenant for name, instruction in instructions.items()},
    )
