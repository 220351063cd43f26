"""The fixed words of the policy language: its model, its columns, and what may stand in them."""

from __future__ import annotations

from collections.abc import Mapping

from policy_gateway.query import Action

MODEL = r"""
[request_definition]
r = sub, dom, obj, act, lvl, purpose, mode, facts
[policy_definition]
p = sub, dom, obj, act, eft, show, purpose, cond, tier, then, id, why
[role_definition]
g  = _, _, _
g2 = _, _, _
g3 = _, _
g4 = _, _
g5 = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = (p.dom == "*" || r.dom == p.dom) && (p.tier == "always" || r.mode == p.tier) && \
    (p.act == "*" || g3(r.act, p.act)) && (p.purpose == "*" || g4(r.purpose, p.purpose)) && \
    (p.eft == "allow") == g5(r.lvl, p.show) && (p.obj == "*" || g2(r.obj, p.obj, r.dom)) && \
    (p.sub == "*" || plays(r.sub, p.sub, r.dom)) && holds(p.cond, p.eft, r.facts)
"""
"""The one model that every policy folder uses. Officers never edit it."""

REQUEST = ("sub", "dom", "obj", "act", "lvl", "purpose", "mode", "facts")
COLUMNS = ("sub", "dom", "obj", "act", "eft", "show", "purpose", "cond", "tier", "then", "id", "why")
LINKS: Mapping[str, int] = {"g": 3, "g2": 3, "g3": 2, "g4": 2, "g5": 2}
EVERY = "*"
PERSONAL = "personal"
NON_PERSONAL = "non_personal"
"""The two roots of every vocabulary, by what Art. 4(1) GDPR asks of data."""
NOTHING = "-"
ALLOW, DENY = "allow", "deny"
EFFECTS = (ALLOW, DENY)
NORMAL, BREAKGLASS, ALWAYS = "normal", "breakglass", "always"
TIERS = (NORMAL, BREAKGLASS, ALWAYS)
ACTIONS = tuple(str(action) for action in Action)
SUBJECT_KINDS = ("user", "team", "app", "ai")
CHANNELS = ("phone", "sms", "whatsapp", "email", "post", "chat")
LEGAL_BASES = (
    "consent",
    "contract",
    "legal_obligation",
    "vital_interests",
    "public_interest",
    "legitimate_interests",
)
MAX_DEPTH = 9
"""Links from a name to the broadest above it. Casbin stops looking, silently, at ten."""
END = "# end"
"""The last line of every file that decides: without it, a file cut short at a line's end would look whole."""


def model_lines(text: str) -> tuple[str, ...]:
    """Return the statements of a model file: comments, continuations and white space do not count."""
    joined = text.replace("\r\n", "\n").replace("\\\n", " ")
    kept = (" ".join(line.split()) for line in joined.split("\n"))
    return tuple("".join(line.split()) for line in kept if line and not line.startswith(("#", ";")))
