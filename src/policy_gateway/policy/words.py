"""The words that rules may use, and telling a misspelt one from a known one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from policy_gateway.policy.dialect import EVERY, SUBJECT_KINDS
from policy_gateway.policy.findings import Findings, meant
from policy_gateway.policy.rows import Cell

NAME = re.compile(r"[a-z][a-z0-9_]*")
TENANT = re.compile(r"[a-z][a-z0-9_-]*")
FIELD = re.compile(r"[a-z][a-z0-9_]*(?:\.[A-Za-z0-9_]+)+(?:@[a-z][a-z0-9_-]*)?")
SUBJECT = re.compile(rf"(?:{'|'.join(SUBJECT_KINDS)}):[A-Za-z0-9][A-Za-z0-9._@-]*")
RULE_ID = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_PATTERN = re.compile(r"[*?^$\[\]{}|\\+/]")


@dataclass(frozen=True, slots=True)
class Words:
    """Every name that a rule's columns may hold.

    *actions* maps each action and group to the actions in it, *instructions* each id to its tenant.
    """

    tenants: frozenset[str]
    roles: frozenset[str]
    objects: frozenset[str]
    actions: Mapping[str, frozenset[str]]
    purposes: frozenset[str]
    levels: frozenset[str]
    instructions: Mapping[str, str]


def patterned(cell: Cell, findings: Findings) -> bool:
    """Tell, with a finding, whether *cell* looks like a pattern: names are compared exactly, always."""
    if cell.text == EVERY or not _PATTERN.search(cell.text):
        return False
    message = f"`{cell.text}` looks like a pattern; names are compared exactly"
    findings.say(cell.spot, "pattern", message, "name a category, a role or `*`")
    return True


def known(cell: Cell, kind: str, words: AbstractSet[str], findings: Findings) -> bool:
    """Tell, with a finding, whether *cell* is one of *words*."""
    if cell.text in words:
        return True
    if not patterned(cell, findings):
        message = f"`{cell.text}` is not a known {kind}" if cell.text else f"the {kind} is empty"
        findings.say(cell.spot, f"unknown-{kind}", message, meant(cell.text, words))
    return False
