"""Reading the vocabulary: who and what belongs where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from policy_gateway.policy.bundle import Link, Place
from policy_gateway.policy.dialect import ACTIONS, EVERY, LINKS
from policy_gateway.policy.findings import Findings, meant
from policy_gateway.policy.rows import Cell, Row
from policy_gateway.policy.words import FIELD, NAME, SUBJECT, known, patterned

_PEOPLE = ("user:", "app:", "ai:")
_ROLES, _DATA, _ACTIONS, _PURPOSES, _LEVELS = LINKS


@dataclass(frozen=True, slots=True)
class LinkFile:
    """Where link rows stand: the known *tenants*, and the only one a tenant's own file may name."""

    tenants: frozenset[str]
    own: str = ""


def read_links(rows: Iterable[Row], file: LinkFile, findings: Findings) -> tuple[Link, ...]:
    """Return the links that *rows* state; rows that make no sense become findings instead."""
    links: dict[tuple[str, ...], Link] = {}
    for row in rows:
        link = _link(row, file, findings)
        if link is None:
            continue
        key = (link.kind, link.lower, link.upper, link.tenant)
        if key in links:
            findings.say(row.spot, "duplicate", f"the same link is stated at {links[key].place}", "remove one")
        links.setdefault(key, link)
    return tuple(links.values())


def implied_links(links: Iterable[Link]) -> tuple[Link, ...]:
    """Return a link from each field narrowed to a connection to the field itself: narrowing only ever adds."""
    implied = {link.lower: link for link in links if link.kind == _DATA and "@" in link.lower}
    return tuple(Link(_DATA, name, name.partition("@")[0], EVERY, link.place) for name, link in sorted(implied.items()))


def _link(row: Row, file: LinkFile, findings: Findings) -> Link | None:
    kind = row.kind.text
    if kind == _PURPOSES:
        message = "purposes are defined by `purposes.yaml` alone"
        findings.say(row.spot, "purpose-link", message, "say `broader:` there")
        return None
    if file.own and LINKS[kind] == len(("lower", "upper")):
        findings.say(row.spot, "row-type", f"`{kind}` holds for every tenant", "move it to `vocabulary.csv`")
        return None
    if len(row.cells) != LINKS[kind]:
        message = f"`{kind}` needs {LINKS[kind]} columns, and there are {len(row.cells)}"
        findings.say(row.spot, "columns", message)
        return None
    lower, upper, *tenant = row.cells
    sound = [_name_of(kind, lower, findings), _upper_of(kind, upper, findings)]
    sound += [_tenant(cell, file, findings) for cell in tenant]
    if not all(sound):
        return None
    place = Place(row.spot.path, row.spot.line)
    return Link(kind, lower.text, upper.text, tenant[0].text if tenant else "", place)


def _tenant(cell: Cell, file: LinkFile, findings: Findings) -> bool:
    if file.own and cell.text != file.own:
        message = f"`{cell.text}` is another tenant than this file's"
        findings.say(cell.spot, "foreign-tenant", message, f"write `{file.own}`")
        return False
    return cell.text == EVERY or known(cell, "tenant", file.tenants, findings)


def _name_of(kind: str, cell: Cell, findings: Findings) -> bool:
    if kind == _ROLES and cell.text.startswith(_PEOPLE):
        message = f"`{cell.text}` is a person or application: who has which role is not policy"
        findings.say(cell.spot, "person", message, "assign the role with `policy-gateway token` or a membership")
        return False
    if kind == _ROLES and SUBJECT.fullmatch(cell.text):
        return True
    if kind == _DATA and FIELD.fullmatch(cell.text):
        return True
    return _plain(cell, findings)


def _upper_of(kind: str, cell: Cell, findings: Findings) -> bool:
    if kind == _DATA and "." in cell.text:
        message = f"`{cell.text}` looks like a field; a category is a plain word"
        findings.say(cell.spot, "category", message, "write it with `_` instead of `.`")
        return False
    if kind == _ROLES and ":" in cell.text:
        message = f"`{cell.text}` is not a role: a role is a plain word"
        findings.say(cell.spot, "role", message)
        return False
    if kind == _ACTIONS and cell.text in ACTIONS:
        findings.say(cell.spot, "action", f"`{cell.text}` is an action, not a group of actions")
        return False
    return _plain(cell, findings)


def _plain(cell: Cell, findings: Findings) -> bool:
    if patterned(cell, findings):
        return False
    if NAME.fullmatch(cell.text):
        return True
    suggestion = meant(cell.text, ()) or "use lower-case letters, digits and `_`"
    findings.say(cell.spot, "name", f"`{cell.text}` is not a plain word", suggestion)
    return False
