"""PyCasbin as its documentation shows it: one enforce a field, the cheap comparisons first in the matcher."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import casbin

import world

MODEL = """
[request_definition]
r = sub, dom, obj, act, purpose, rec
[policy_definition]
p = sub, dom, obj, act, eft, show, purpose, cond
[role_definition]
g = _, _, _
g2 = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = r.dom == p.dom && r.act == p.act && (p.purpose == "*" || r.purpose == p.purpose) && \
    (p.eft == "deny" || p.show == "clear") && g2(r.obj, p.obj) && g(r.sub, p.sub, r.dom) && holds(p.cond, r.rec)
"""


class StockCasbin:
    """May this principal see this field of this record in clear? Yes or no; there is no question for *how much*."""

    name = "PyCasbin, one enforce a field"

    def __init__(self, rules: Iterable[world.Rule]) -> None:
        model = casbin.Enforcer.new_model(text=MODEL)
        self.enforcer = casbin.Enforcer(model)
        for name in ("casbin", "casbin.policy", "casbin.enforcer", "casbin.role"):
            logging.getLogger(name).disabled = True
        for rule in rules:
            columns = [
                rule.role,
                rule.tenant,
                rule.category,
                "view",
                rule.effect,
                rule.show,
                rule.purpose,
                rule.condition,
            ]
            model.add_policy("p", "p", columns)
        for tenant in world.TENANTS:
            model.add_policy("g", "g", ["user:anna", world.ROLE, tenant])
        for field in world.FIELDS:
            model.add_policy("g", "g2", [field, world.category_of(field)])
        self.enforcer.build_role_links()
        self.enforcer.add_function("holds", world.holds)

    def clear(self, field: str, contact: world.Contact) -> bool:
        """Tell whether *field* of *contact* may be seen in clear."""
        answer: bool = self.enforcer.enforce("user:anna", world.TENANT, field, "view", world.PURPOSE, contact)
        return answer
