"""Reading rules: twelve columns, each checked against the words that it may hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from policy_gateway.model.decision import CLEAR, DEFAULT_DENY, NONE, Obligation
from policy_gateway.policy.arguments import fault
from policy_gateway.policy.bundle import Place, Rule
from policy_gateway.policy.conditions import ConditionSyntaxError, Literal, parse, written
from policy_gateway.policy.dialect import ALLOW, ALWAYS, COLUMNS, DENY, EFFECTS, EVERY, NOTHING, TIERS
from policy_gateway.policy.findings import Findings, Spot, meant
from policy_gateway.policy.rows import Cell, Row
from policy_gateway.policy.vocabulary import Vocabulary
from policy_gateway.policy.words import RULE_ID, SUBJECT, Words, known
from policy_gateway.query import Action

_OBLIGATION = re.compile(r"(?P<name>[a-z][a-z0-9_]*)\s*(?:\((?P<arguments>[^()]*)\))?")
_REASON = re.compile(r"(?P<kind>instruction|law):(?P<id>[A-Za-z0-9][A-Za-z0-9._-]*)")


@dataclass(frozen=True, slots=True)
class RuleFile:
    """Which rules a file may hold: those of one tenant (*own*), or those that nobody loosens (*always*)."""

    own: str = ""
    always: bool = False


class RuleReader:
    """Turns rows into rules; what makes no sense becomes findings."""

    def __init__(self, words: Words, vocabulary: Vocabulary, findings: Findings) -> None:
        self._words = words
        self._vocabulary = vocabulary
        self._findings = findings
        self._ids: dict[str, Place] = {}
        self._bodies: dict[tuple[str, ...], Place] = {}

    def read(self, rows: Iterable[Row], file: RuleFile) -> tuple[Rule, ...]:
        """Return the rules of one file."""
        return tuple(rule for row in rows if (rule := self._rule(row, file)) is not None)

    def _rule(self, row: Row, file: RuleFile) -> Rule | None:
        if len(row.cells) != len(COLUMNS):
            message = f"a rule has {len(COLUMNS)} columns, and there are {len(row.cells)}"
            self._findings.say(row.spot, "columns", message, f"p, {', '.join(COLUMNS)}")
            return None
        cells = dict(zip(COLUMNS, row.cells, strict=True))
        sound = [
            self._effect(cells["eft"]),
            self._subject(cells["sub"]),
            self._tenant(cells["dom"], file),
            self._object(cells),
            self._one_of(cells["act"], "action", self._words.actions),
            self._one_of(cells["purpose"], "purpose", dict.fromkeys(self._words.purposes, frozenset())),
            known(cells["show"], "level", self._words.levels, self._findings),
            self._tier(cells["tier"], file),
        ]
        literals, obligations = self._literals(cells["cond"]), self._obligations(cells["then"])
        sound += [self._id(cells["id"]), self._why(cells), literals is not None, obligations is not None]
        if not all(sound) or literals is None or obligations is None or not self._sensible(cells, obligations):
            return None
        rule = _made(cells, literals, obligations)
        return rule if self._new(rule, row.spot) else None

    def _say(self, cell: Cell, code: str, message: str, suggestion: str = "") -> bool:
        self._findings.say(cell.spot, code, message, suggestion)
        return False

    def _effect(self, cell: Cell) -> bool:
        if cell.text in EFFECTS:
            return True
        message = f"`{cell.text}` is neither `allow` nor `deny`"
        return self._say(cell, "effect", message, meant(cell.text, EFFECTS))

    def _subject(self, cell: Cell) -> bool:
        if cell.text == EVERY or SUBJECT.fullmatch(cell.text):
            return True
        if ":" in cell.text:
            message = f"`{cell.text}` has no known prefix"
            return self._say(cell, "subject", message, "use user:, team:, app: or ai:, or the name of a role")
        return known(cell, "role", self._words.roles, self._findings)

    def _tenant(self, cell: Cell, file: RuleFile) -> bool:
        if file.own and cell.text != file.own:
            message = f"`{cell.text}` is another tenant than this file's"
            return self._say(cell, "foreign-tenant", message, f"write `{file.own}`")
        return cell.text == EVERY or known(cell, "tenant", self._words.tenants, self._findings)

    def _object(self, cells: Mapping[str, Cell]) -> bool:
        cell = cells["obj"]
        if cell.text != EVERY:
            return known(cell, "field", self._words.objects, self._findings)
        if cells["eft"].text == DENY:
            return True
        message = "an allow must name a field or category: `*` would show what nobody has classified"
        return self._say(cell, "allow-everything", message, "name the broadest category instead")

    def _one_of(self, cell: Cell, kind: str, words: Mapping[str, frozenset[str]]) -> bool:
        return cell.text == EVERY or known(cell, kind, words.keys(), self._findings)

    def _tier(self, cell: Cell, file: RuleFile) -> bool:
        if not known(cell, "tier", frozenset(TIERS), self._findings):
            return False
        if file.always and cell.text != ALWAYS:
            message = f"`{cell.text}` could be lifted; what the law asks holds always"
            return self._say(cell, "law-tier", message, f"write `{ALWAYS}`")
        return True

    def _literals(self, cell: Cell) -> tuple[Literal, ...] | None:
        if not cell.text:
            self._say(cell, "condition", "the condition is empty", f"write `{NOTHING}` for none")
            return None
        try:
            literals = parse(cell.text)
        except ConditionSyntaxError as error:
            spot = Spot(cell.spot.path, cell.spot.line, cell.spot.column + error.offset)
            self._findings.say(spot, "condition", error.message)
            return None
        sound = [self._literal(cell, literal) for literal in literals]
        if len(set(literals)) < len(literals):
            sound.append(self._say(cell, "condition", f"`{cell.text}` says the same twice"))
        return literals if all(sound) else None

    def _literal(self, cell: Cell, literal: Literal) -> bool:
        wrong = fault(literal, self._vocabulary.conditions, self._words)
        if wrong is None:
            return True
        offset = max(cell.text.find(literal.name), 0)
        spot = Spot(cell.spot.path, cell.spot.line, cell.spot.column + offset)
        self._findings.say(spot, *wrong)
        return False

    def _obligations(self, cell: Cell) -> tuple[Obligation, ...] | None:
        if cell.text == NOTHING:
            return ()
        found = []
        for part in cell.text.split("&"):
            match = _OBLIGATION.fullmatch(part.strip())
            if match is None or match["name"] not in self._vocabulary.obligations:
                message = f"`{part.strip()}` is not a known obligation"
                name = part.strip().partition("(")[0]
                self._say(cell, "unknown-obligation", message, meant(name, self._vocabulary.obligations))
                return None
            arguments = tuple(word.strip() for word in (match["arguments"] or "").split(",") if word.strip())
            found.append(Obligation(match["name"], arguments))
        return tuple(found)

    def _id(self, cell: Cell) -> bool:
        if RULE_ID.fullmatch(cell.text) and cell.text.lower() != DEFAULT_DENY:
            return True
        return self._say(cell, "id", f"`{cell.text}` is not a rule id", "write one such as `ACME-17`")

    def _why(self, cells: Mapping[str, Cell]) -> bool:
        cell = cells["why"]
        if cell.text == NOTHING:
            return True
        for part in cell.text.split("&"):
            match = _REASON.fullmatch(part.strip())
            if match is None:
                message = f"`{part.strip()}` is neither `instruction:…` nor `law:…`"
                return self._say(cell, "why", message, f"write `{NOTHING}` for none")
            if match["kind"] == "instruction" and not self._instructed(cell, match["id"], cells["dom"].text):
                return False
        return True

    def _instructed(self, cell: Cell, cited: str, tenant: str) -> bool:
        instructions = self._words.instructions
        if cited not in instructions:
            message = f"`{cited}` is not in `instructions.yaml`"
            return self._say(cell, "unknown-instruction", message, meant(cited, instructions))
        if instructions[cited] not in {"", tenant}:
            return self._say(cell, "foreign-instruction", f"`{cited}` is an instruction of another tenant")
        return True

    def _sensible(self, cells: Mapping[str, Cell], obligations: tuple[Obligation, ...]) -> bool:
        """Refuse rows that read as if they did something, and do not."""
        allows, show, act = cells["eft"].text == ALLOW, cells["show"], cells["act"].text
        empty = NONE.name if allows else CLEAR.name
        if show.text == empty:
            verb = "allows" if allows else "denies"
            return self._say(show, "no-effect", f"a rule that {verb} `{show.text}` {verb} nothing")
        actions = self._words.actions.get(act, frozenset(Action))
        whole = CLEAR.name if allows else NONE.name
        if Action.VIEW not in actions and show.text != whole:
            message = f"`{act}` is all or nothing, so `{show.text}` would not be what it says"
            return self._say(show, "show-action", message, f"write `{whole}`")
        if obligations and not allows:
            message = "a deny grants nothing that could oblige"
            return self._say(cells["then"], "then-deny", message, f"write `{NOTHING}`")
        return True

    def _new(self, rule: Rule, spot: Spot) -> bool:
        if rule.id in self._ids:
            message = f"`{rule.id}` is also the id of the rule at {self._ids[rule.id]}"
            self._findings.say(spot, "duplicate-id", message)
            return False
        body = tuple(rule.row()[:-2])
        if body in self._bodies:
            self._findings.say(spot, "duplicate", f"the same rule stands at {self._bodies[body]}", "remove one")
            return False
        self._ids[rule.id] = self._bodies[body] = rule.place
        return True


def _made(cells: Mapping[str, Cell], literals: tuple[Literal, ...], obligations: tuple[Obligation, ...]) -> Rule:
    text = {column: cell.text for column, cell in cells.items()}
    place = Place(cells["sub"].spot.path, cells["sub"].spot.line)
    text["cond"] = written(literals)
    text["why"] = "" if text["why"] == NOTHING else " & ".join(part.strip() for part in text["why"].split("&"))
    del text["then"]
    return Rule(**text, then=obligations, literals=literals, place=place)
