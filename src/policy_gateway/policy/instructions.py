"""Reading ``instructions.yaml``: the controllers' documented instructions that rules may cite."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from policy_gateway.policy.bundle import Instruction, Place
from policy_gateway.policy.findings import Findings, meant
from policy_gateway.policy.forms import Form
from policy_gateway.policy.tree import Node
from policy_gateway.policy.words import RULE_ID

_KEYS = ("tenant", "date", "text", "by", "document")


def read_instructions(node: Node, tenants: frozenset[str], findings: Findings) -> Mapping[str, Instruction]:
    """Return the instructions by id; one without ``tenant`` comes from the whole group."""
    document = Form(node, findings)
    found = {}
    for name in document:
        spot = document.place(name)
        if not RULE_ID.fullmatch(name):
            findings.say(spot, "id", f"`{name}` is not an id", "write one such as `ACME-2026-07`")
        form = document.form(name)
        form.only(_KEYS, needed=("date", "text"))
        tenant = form.text("tenant")
        if tenant and tenant not in tenants:
            message = f"`{tenant}` is not a known tenant"
            findings.say(form.place("tenant"), "unknown-tenant", message, meant(tenant, tenants))
        details = {"date": form.text("date", check=_dated, kind="date"), "by": form.text("by")}
        details |= {"document": form.text("document")}
        texts = form.texts("text")
        found[name] = Instruction(name, tenant, texts, details, Place(spot.path, spot.line))
    return found


def _dated(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False
