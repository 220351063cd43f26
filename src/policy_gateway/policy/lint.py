"""Linting a policy folder: what the reader refuses, and what it lets pass but somebody should look at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from policy_gateway.errors import Finding, PolicyError
from policy_gateway.policy.bundle import Bundle, Place, Rule
from policy_gateway.policy.dialect import ALLOW
from policy_gateway.policy.reader import read_folder
from policy_gateway.policy.vocabulary import Vocabulary

SOON = timedelta(days=30)


def lint(folder: Path, vocabulary: Vocabulary, today: date) -> tuple[Finding, ...]:
    """Return every finding about *folder*: the reader's alone when it cannot be loaded."""
    try:
        bundle = read_folder(folder, vocabulary)
    except PolicyError as error:
        return error.findings
    return tuple(sorted({*_rules(bundle, today), *_instructions(bundle), *_roles(bundle)}))


def _rules(bundle: Bundle, today: date) -> Iterator[Finding]:
    for rule in bundle.rules:
        if not rule.why:
            yield _finding(rule.place, "no-why", f"`{rule.id}` does not say why", "cite an instruction or a law")
        yield from _dates(rule, today)
        stated = {(literal.condition, literal.negated) for literal in rule.literals}
        if any((condition, not negated) in stated for condition, negated in stated):
            yield _finding(rule.place, "never", f"`{rule.id}` wants a condition both to hold and not to")


def _dates(rule: Rule, today: date) -> Iterator[Finding]:
    for literal in rule.literals:
        if literal.name != "until" or literal.negated or rule.eft != ALLOW:
            continue
        end = date.fromisoformat(literal.arguments[0])
        if end < today:
            yield _finding(rule.place, "over", f"`{rule.id}` ended on {end}", "remove it, or renew its instruction")
        elif end < today + SOON:
            yield _finding(rule.place, "ends-soon", f"`{rule.id}` ends on {end}")


def _instructions(bundle: Bundle) -> Iterator[Finding]:
    cited = {part.strip().removeprefix("instruction:") for rule in bundle.rules for part in rule.why.split("&")}
    for name, instruction in bundle.instructions.items():
        if name not in cited:
            yield _finding(instruction.place, "uncited", f"no rule cites `{name}`")


def _roles(bundle: Bundle) -> Iterator[Finding]:
    used = {rule.sub for rule in bundle.rules} | {link.lower for link in bundle.links if link.kind == "g"}
    for link in bundle.links:
        if link.kind == "g" and link.upper not in used:
            yield _finding(link.place, "unused-role", f"no rule speaks of `{link.upper}`")


def _finding(place: Place, code: str, message: str, suggestion: str = "") -> Finding:
    return Finding(place.path, place.line, 1, code, message, suggestion)
