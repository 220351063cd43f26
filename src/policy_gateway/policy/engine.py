"""The stock Casbin enforcer of a bundle: the truth that the compiled path is held against.

Rows are handed over as lists (``model.add_policy``) and never as text, which Casbin would parse again: quotes, commas
and brackets in values cannot become columns.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import casbin

from policy_gateway.model.facts import TruthVector
from policy_gateway.policy.bundle import Bundle
from policy_gateway.policy.conditions import Holds, parse
from policy_gateway.policy.dialect import COLUMNS, EVERY, LINKS, MODEL

_CONDITION = COLUMNS.index("cond")


@dataclass(frozen=True, slots=True)
class Rows:
    """A bundle as plain lists of text, fit to be sent to another process: rules, and links by kind."""

    rules: tuple[tuple[str, ...], ...]
    links: Mapping[str, tuple[tuple[str, ...], ...]]


@dataclass(frozen=True, slots=True)
class Request:
    """One question to Casbin, in the order of the model's request definition."""

    sub: frozenset[str]
    dom: str
    obj: str
    act: str
    lvl: str
    purpose: str
    mode: str
    facts: TruthVector

    def values(self) -> tuple[object, ...]:
        """Return the values in the model's order."""
        return (self.sub, self.dom, self.obj, self.act, self.lvl, self.purpose, self.mode, self.facts)


def rows_of(bundle: Bundle) -> Rows:
    """Return *bundle* as Casbin gets it."""
    links = {kind: tuple(tuple(link.row()) for link in bundle.links if link.kind == kind) for kind in LINKS}
    return Rows(tuple(tuple(rule.row()) for rule in bundle.rules), links)


def stock_enforcer(rows: Rows) -> Any:  # noqa: ANN401 -- casbin carries no types
    """Return a ``casbin.Enforcer`` over *rows* with ``plays`` and ``holds`` registered."""
    model = casbin.Enforcer.new_model(text=MODEL)
    enforcer = casbin.Enforcer(model)
    silence()
    for row in rows.rules:
        model.add_policy("p", "p", list(row))
    for kind, links in rows.links.items():
        for link in links:
            model.add_policy("g", kind, list(link))
    for kind, width in LINKS.items():
        # Names are compared as they are; Casbin's default does the same, once for each pair of names.
        enforcer.add_named_matching_func(kind, None)
        if width == len(("lower", "upper", "tenant")):
            enforcer.add_named_domain_matching_func(kind, same_tenant)
    enforcer.build_role_links()
    conditions = {row[_CONDITION] for row in rows.rules}
    enforcer.add_function("holds", Holds({text: parse(text) for text in conditions}))
    enforcer.add_function("plays", Plays(enforcer))
    return enforcer


def silence() -> None:
    """Keep Casbin from logging: it prints denied requests, with their values, as warnings."""
    for name in ("casbin", "casbin.policy", "casbin.enforcer", "casbin.role"):
        logger = logging.getLogger(name)
        logger.disabled = True
        logger.setLevel(logging.CRITICAL)


def same_tenant(asked: str, written: str) -> bool:
    """Tell whether a link *written* for a tenant counts when *asked* about another; ``*`` is every tenant."""
    return written in {EVERY, asked}


class Plays:
    """The function ``plays(r.sub, p.sub, r.dom)``: does any of the principal's names have the role, by ``g``."""

    def __init__(self, enforcer: Any) -> None:  # noqa: ANN401 -- casbin carries no types
        self._roles = enforcer.get_named_role_manager("g")

    def __call__(self, names: Iterable[str], role: str, tenant: str) -> bool:
        """Ask ``g`` for each of *names*."""
        return any(self._roles.has_link(name, role, tenant) for name in names)
