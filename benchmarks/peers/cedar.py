"""Cedar through cedarpy (Rust): one policy a rule; policies and entities parsed once, a page asked as one batch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

import cedarpy

import world

CONDITIONS: Mapping[str, str] = {
    "own_team": "context.team == principal.team",
    "!vip": "!context.vip",
    "consent(marketing, phone)": 'context.consents.contains("marketing:phone")',
}


class Cedar:
    """Answers whether a principal may see a field of a record in clear."""

    name = "Cedar (cedarpy), a policy a rule, one batch"

    def __init__(self, rules: Iterable[world.Rule]) -> None:
        self.policies = cedarpy.PolicySet.from_str("\n".join(map(_policy, rules)))
        self.entities = cedarpy.Entities.from_json_str(json.dumps(_entities()))

    def clear(self, questions: Sequence[tuple[str, world.Contact]]) -> list[bool]:
        """Tell for each field of each contact whether it may be seen in clear."""
        requests = [_request(field, contact) for field, contact in questions]
        answers = cedarpy.is_authorized_batch(requests, self.policies, self.entities)
        return [answer.decision == cedarpy.Decision.Allow for answer in answers]


def _policy(rule: world.Rule) -> str:
    effect = "permit" if rule.effect == "allow" else "forbid"
    action = f'action == Action::"{rule.show}"' if rule.effect == "allow" else "action"
    when = [f'context.tenant == "{rule.tenant}"']
    if rule.purpose != "*":
        when.append(f'context.purpose == "{rule.purpose}"')
    if rule.condition != "-":
        when.append(CONDITIONS[rule.condition])
    head = f'principal in Role::"{rule.role}", {action}, resource in Category::"{rule.category}"'
    return f"{effect}({head}) when {{ {' && '.join(when)} }};"


def _entities() -> list[dict[str, object]]:
    roles = [_entity("Role", role) for role in world.ROLES]
    categories = [_entity("Category", category) for category in world.CATEGORIES]
    fields = [_entity("Field", field, ("Category", world.category_of(field))) for field in world.FIELDS]
    anna = {**_entity("User", "anna", ("Role", world.ROLE)), "attrs": {"team": world.TEAM}}
    return [*roles, *categories, *fields, anna]


def _entity(kind: str, name: str, *parents: tuple[str, str]) -> dict[str, object]:
    return {
        "uid": {"type": kind, "id": name},
        "attrs": {},
        "parents": [{"type": parent, "id": of} for parent, of in parents],
    }


def _request(field: str, contact: world.Contact) -> dict[str, object]:
    return {
        "principal": 'User::"anna"',
        "action": 'Action::"clear"',
        "resource": f'Field::"{field}"',
        "context": {
            "tenant": world.TENANT,
            "purpose": world.PURPOSE,
            "team": contact.team,
            "vip": contact.vip,
            "consents": list(contact.consents),
        },
    }
