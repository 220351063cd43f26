"""The benchmark's world as a policy folder, in the gateway's own format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import world

LEVELS = (("redact", "token"), ("token", "year"), ("token", "last4"), ("token", "partial"))
END = "# end\n"
LAW = "p, *, *, any_classified, contact, deny, none, *, do_not_call, always, -, LAW-1, law:GDPR-21-3\n"
TOPS = ("year", "last4", "partial")
SHIPPED = Path(__file__).parents[1] / "policies"


def write(folder: Path, rules: Iterable[world.Rule]) -> Path:
    """Write a policy of *rules* into *folder*, and return it."""
    (folder / "tenants").mkdir(parents=True, exist_ok=True)
    texts = {
        "model.conf": (SHIPPED / "model.conf").read_text(encoding="utf-8"),
        "vocabulary.csv": "\n".join(_links()),
        "purposes.yaml": "\n".join(_purposes()),
        "instructions.yaml": "\n".join(_instructions()),
        "group.csv": "# nothing that holds for all\n",
        "law.csv": LAW,
    }
    every = tuple(rules)
    for tenant in world.TENANTS:
        why = f"instruction:{tenant}"
        own = [_row(rule) for rule in every if rule.tenant == tenant]
        own += [
            f"p, {role}, {tenant}, record_key, view, allow, clear, *, -, normal, -, K-{tenant}-{role}, {why}"
            for role in world.ROLES
        ]
        texts[f"tenants/{tenant}.csv"] = "\n".join(own)
        texts[f"tenants/{tenant}.yaml"] = f"controller: {tenant}\npurposes: [{', '.join(world.PURPOSES)}]"
    for name, text in texts.items():
        (folder / name).write_text(text if text.endswith(END) else f"{text}\n{END}", encoding="utf-8")
    return folder


def _row(rule: world.Rule) -> str:
    said = (rule.role, rule.tenant, rule.category, "view", rule.effect, rule.show, rule.purpose, rule.condition)
    return f"p, {', '.join(said)}, normal, -, {rule.id}, instruction:{rule.tenant}"


def _links() -> Iterator[str]:
    for role in world.ROLES:
        yield f"g, team:{role}, {role}, *"
    yield "g2, contact.id, record_key, *"
    yield from (f"g2, contact.{field}, {world.category_of(field)}, *" for field in world.FIELDS)
    yield from (f"g2, {category}, any_classified, *" for category in ("record_key", *world.CATEGORIES))
    yield "g3, view, read"
    yield from (f"g5, {lower}, {upper}" for lower, upper in LEVELS)
    yield from (f"g5, {top}, clear" for top in TOPS)


def _purposes() -> Iterator[str]:
    for purpose in world.PURPOSES:
        yield f"{purpose}:"
        yield f"  label: {{de: {purpose}, en: {purpose}}}"
        yield "  legal_basis: contract"
        yield "  retention: P1Y"
        yield "  dpv: dpv:CustomerCare"


def _instructions() -> Iterator[str]:
    for tenant in world.TENANTS:
        yield f"{tenant}:"
        yield f"  tenant: {tenant}"
        yield "  date: 2026-01-12"
        yield "  text: {de: was zu tun ist, en: what to do}"
