"""A rule as a sentence, and its ground as a lawyer would cite it. Words of the policy stand in backticks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from policy_gateway.policy import Bundle, Rule
from policy_gateway.web.console.phrases import ACTIONS, LAWS, LEVELS, term

EVERY: Final = "*"
NOTHING: Final = "-"

_ARTICLE: Final = re.compile(r"GDPR-(\d+)(?:-(\d+))?(?:-([a-z]))?")
_SECTION: Final = re.compile(r"([A-Z]+)-(\d+[a-z]?)(?:-(\d+))?(?:-(\d+))?")

_WORDS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "en": MappingProxyType(
            {
                "everybody": "Everybody may {does}",
                "nobody": "Nobody may {does}",
                "may": "{who} may {does}",
                "may_not": "{who} may not {does}",
                "not": "{it}",
                "shown": "{it} {level}",
                "at_most": "{it} no more than {level}",
                "everything": "everything",
                "other": "do `{act}` with {it}",
                "purpose": " for the purpose {purpose}",
                "if": " if {conditions}",
                "unless": " unless {conditions}",
                "breakglass": ", in emergencies only",
                "always": "; nothing lifts this",
                "then": "; obliges to {then}",
            }
        ),
        "de": MappingProxyType(
            {
                "everybody": "Jeder darf {does}",
                "nobody": "Niemand darf {does}",
                "may": "{who} darf {does}",
                "may_not": "{who} darf {does}",
                "not": "{it} nicht",
                "shown": "{it} {level}",
                "at_most": "{it} höchstens {level}",
                "everything": "alles",
                "other": "mit {it} `{act}` tun",
                "purpose": " zum Zweck {purpose}",
                "if": ", wenn {conditions}",
                "unless": ", außer bei {conditions}",
                "breakglass": ", nur in Notfällen",
                "always": "; nichts hebt das auf",
                "then": "; verpflichtet zu {then}",
            }
        ),
    }
)


def sentence(rule: Rule, bundle: Bundle, language: str) -> str:
    """Return *rule* as a sentence in *language*."""
    words = _WORDS[language]
    it = words["everything"] if rule.obj == EVERY else f"`{rule.obj}`"
    text = _whom(rule, words).format(who=f"`{rule.sub}`", does=_does(rule, it, language))
    if rule.purpose != EVERY:
        text += words["purpose"].format(purpose=purpose_label(bundle, rule.purpose, language))
    text += _conditions(rule, words)
    text += words.get(rule.tier, "")
    if rule.then:
        text += words["then"].format(then=", ".join(f"`{obligation}`" for obligation in rule.then))
    return f"{text}."


def _whom(rule: Rule, words: Mapping[str, str]) -> str:
    forbids = rule.eft != "allow" and rule.show == "none"
    if rule.sub == EVERY:
        return words["nobody" if forbids else "everybody"]
    return words["may_not" if forbids else "may"]


def _does(rule: Rule, it: str, language: str) -> str:
    words, level = _WORDS[language], term(LEVELS, rule.show, language)
    if rule.eft == "allow":
        done_to = words["shown"].format(it=it, level=level) if rule.act in {"view", "read"} else it
    elif rule.show == "none":
        done_to = it if rule.sub == EVERY else words["not"].format(it=it)
    else:
        done_to = words["at_most"].format(it=it, level=level)
    if rule.act in ACTIONS:
        return term(ACTIONS, rule.act, language).format(it=done_to)
    return words["other"].format(act=rule.act, it=done_to)


def _conditions(rule: Rule, words: Mapping[str, str]) -> str:
    holding = ", ".join(f"`{literal.condition}`" for literal in rule.literals if not literal.negated)
    failing = ", ".join(f"`{literal.condition}`" for literal in rule.literals if literal.negated)
    text = words["if"].format(conditions=holding) if holding else ""
    return text + (words["unless"].format(conditions=failing) if failing else "")


def purpose_label(bundle: Bundle | None, name: str, language: str) -> str:
    """Return what the purpose *name* is called in *language*; the name itself when nobody says."""
    purpose = bundle.purposes.get(name) if bundle else None
    return purpose.labels.get(language, name) if purpose else name


def grounds(rule: Rule, bundle: Bundle, language: str) -> tuple[str, ...]:
    """Return what *rule* rests on: laws as they are cited, instructions in their own words."""
    cited = (part.strip() for part in rule.why.split("&"))
    return tuple(_ground(part, bundle, language) for part in cited if part and part != NOTHING)


def _ground(cited: str, bundle: Bundle, language: str) -> str:
    kind, _, name = cited.partition(":")
    if kind == "law":
        meaning = term(LAWS, name, language)
        return citation(name, language) + (f" ({meaning})" if meaning != name else "")
    instruction = bundle.instructions.get(name)
    return f"{name}: {instruction.texts.get(language, '')}" if instruction else name


def citation(law: str, language: str) -> str:
    """Return ``GDPR-5-1-e`` as ``Art. 5(1)(e) GDPR`` or ``Art. 5 Abs. 1 lit. e DSGVO``."""
    german = language == "de"
    if found := _ARTICLE.fullmatch(law):
        article, paragraph, letter = found.groups("")
        if german:
            parts = f" Abs. {paragraph}" * bool(paragraph) + f" lit. {letter}" * bool(letter)
            return f"Art. {article}{parts} DSGVO"
        return f"Art. {article}" + f"({paragraph})" * bool(paragraph) + f"({letter})" * bool(letter) + " GDPR"
    if found := _SECTION.fullmatch(law):
        act, section, paragraph, number = found.groups("")
        if german:
            parts = f" Abs. {paragraph}" * bool(paragraph) + f" Nr. {number}" * bool(number)
            return f"§ {section}{parts} {act}"
        return f"§ {section}" + f"({paragraph})" * bool(paragraph) + f" no. {number}" * bool(number) + f" {act}"
    return law
