"""``policy``: look after a policy folder: lint, test, format; and explain what it decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from policy_gateway.cli.exits import Exit, UsageError
from policy_gateway.cli.options import OfTenant, Scripted, argument, option, options
from policy_gateway.cli.placing import placed, placing
from policy_gateway.cli.terminal import Terminal
from policy_gateway.cli.texts import Texts

if TYPE_CHECKING:
    from pathlib import Path

    from policy_gateway.app import Administration
    from policy_gateway.model.facts import Truth
    from policy_gateway.policy import Explanation, Policy, Question, Reason, Rule

_PRINCIPALS: Final = ("user:", "app:", "ai:")
USUAL: Final = ("restricted=false", "erasure_pending=false", "expired=false", "documented=true")
"""What holds for most records, and is assumed unless something else is given."""


@dataclass(frozen=True, kw_only=True)
class Folder(Scripted):
    """What is asked about a policy folder."""


@dataclass(frozen=True, kw_only=True)
class Format(Scripted):
    """What ``policy fmt`` is asked."""

    check: bool = option(False, "--check")  # noqa: FBT003 -- a default


@dataclass(frozen=True, kw_only=True)
class Explain(OfTenant):
    """What ``policy explain`` is asked: what *who* may do with *field* for *purpose*, *given* conditions."""

    who: str = argument()
    field: str = argument()
    purpose: str = argument()
    action: str = option("view", "--action")
    given: list[str] = options("--given")
    mode: str = option("normal", "--mode")


def lint(asked: Folder, terminal: Terminal) -> int:
    """Print every finding about the policy folder."""
    from policy_gateway.app import extensions, vocabulary
    from policy_gateway.policy import lint as findings_of
    from policy_gateway.settings import load

    folder = load(asked.folder).policies
    today = datetime.now(UTC).date()
    findings = [placed(folder, one) for one in findings_of(folder, vocabulary(extensions()), today)]
    if asked.as_json:
        terminal.data([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            terminal.line(str(finding))
        terminal.remark("lint.found" if findings else "lint.clean", count=len(findings), folder=folder)
    return Exit.FINDING if findings else Exit.DONE


def test(asked: Folder, terminal: Terminal) -> int:
    """Run the expected decisions of the policy folder."""
    from policy_gateway.cli.opened import policy_of
    from policy_gateway.policy import check_cases
    from policy_gateway.settings import load

    folder = load(asked.folder).policies
    with placing(folder):
        report = check_cases(folder, policy_of(asked.folder).rulebook)
    if asked.as_json:
        failures = [
            {"place": f"{folder / one.case.place.path}:{one.case.place.line}", "told": str(one)}
            for one in report.failures
        ]
        terminal.data({"run": report.run, "failures": failures})
    else:
        for failure in report.failures:
            terminal.line(str(folder / str(failure)))
        terminal.say("test.run", run=report.run, failed=len(report.failures))
    return Exit.FINDING if report.failures else Exit.DONE


def fmt(asked: Format, terminal: Terminal) -> int:
    """Put rule files into their canonical form, or tell which are not."""
    from policy_gateway.policy import format_folder
    from policy_gateway.settings import load

    folder = load(asked.folder).policies
    _require_folder(folder, terminal)
    with placing(folder):
        changed = [str(folder / path) for path in format_folder(folder, write=not asked.check)]
    if asked.as_json:
        terminal.data(changed)
    else:
        for path in changed:
            terminal.say("fmt.would" if asked.check else "fmt.done", path=path)
    return Exit.FINDING if asked.check and changed else Exit.DONE


def _require_folder(folder: Path, terminal: Terminal) -> None:
    if not folder.is_dir():
        raise UsageError(terminal.texts("policies.missing", folder=folder))


def explain(asked: Explain, terminal: Terminal) -> int:
    """Say why a field is shown or not."""
    from policy_gateway.cli.opened import policy_of
    from policy_gateway.settings import load

    policy = policy_of(asked.folder)
    question = _question(asked, policy, terminal)
    known = {name.partition("=")[0] for name in USUAL} & policy.rulebook.conditions.names
    usual = _truths([text for text in USUAL if text.partition("=")[0] in known], policy, terminal)
    given = _truths(asked.given, policy, terminal)
    explanation = policy.explain(question, asked.field, {**usual, **given})
    assumed = tuple(text for text in USUAL if text.partition("=")[0] in known - given.keys())
    telling = _Telling(policy, load(asked.folder).policies, terminal.texts, assumed)
    if asked.as_json:
        terminal.data(telling.data(explanation))
    else:
        for line in telling.lines(explanation):
            terminal.line(line)
    return Exit.DONE


def _question(asked: Explain, policy: Policy, terminal: Terminal) -> Question:
    """Return what is asked; a word that policy does not know would be answered with "nobody", which misleads."""
    from policy_gateway.policy import Question
    from policy_gateway.query import Action

    bundle = policy.bundle
    names = frozenset(name.strip() for name in asked.who.split("+"))
    names |= _memberships(asked, names)
    roles = {name for name in names if not name.startswith(_PRINCIPALS)}
    tenants, leaves = set(bundle.mandates), bundle.leaves
    for key, wrong, known in (
        ("tenant.unknown", {asked.tenant} - tenants, tenants),
        ("explain.action", {asked.action} - {str(one) for one in Action}, {str(one) for one in Action}),
        ("explain.purpose", {asked.purpose} - leaves, leaves),
        ("explain.who", roles - bundle.names, bundle.names),
        ("explain.mode", {asked.mode} - {"normal", "breakglass"}, {"normal", "breakglass"}),
    ):
        if wrong:
            told = ", ".join(sorted(wrong))
            raise UsageError(terminal.texts(key, tenant=told, wrong=told, known=", ".join(sorted(known))))
    return Question(names, asked.tenant, asked.action, asked.purpose, asked.mode)


def _memberships(asked: Explain, names: frozenset[str]) -> frozenset[str]:
    """Return the teams and roles that the gateway of the folder knows of principals among *names*."""
    from policy_gateway.cli.opened import within

    principals = [name for name in names if name.startswith(_PRINCIPALS)]

    async def work(kept: Administration) -> frozenset[str]:
        known = [await kept.memberships.names(asked.tenant, principal) for principal in principals]
        return frozenset().union(*known)

    return within(asked.folder, work) if principals else frozenset()


def _truths(given: list[str], policy: Policy, terminal: Terminal) -> Mapping[str, Truth]:
    from policy_gateway.model.facts import Truth

    values = {"true": Truth.TRUE, "false": Truth.FALSE, "unknown": Truth.UNKNOWN}
    truths = {}
    for text in given:
        name, _, value = (part.strip() for part in text.rpartition("="))
        condition = name.replace(" ", "")
        known = {one.replace(" ", ""): one for one in policy.rulebook.conditions.names}
        if value not in values or condition not in known:
            raise UsageError(terminal.texts("explain.given", text=text, known=", ".join(sorted(known.values()))))
        truths[known[condition]] = values[value]
    return truths


class _Telling:
    """Puts an explanation into words."""

    def __init__(self, policy: Policy, folder: Path, texts: Texts, assumed: tuple[str, ...]) -> None:
        self._bundle = policy.bundle
        self._assumed = assumed
        self._folder = folder
        self._texts = texts

    def lines(self, explanation: Explanation) -> Iterator[str]:
        """Yield the explanation, the decision first."""
        asked = explanation.question
        who = " + ".join(sorted(asked.names))
        key = "explain.none" if explanation.level == "none" else "explain.level"
        words = {"field": explanation.object, "who": who, "tenant": asked.tenant, "action": asked.action}
        yield self._texts(key, **words, purpose=asked.purpose, level=explanation.level)
        for title, reasons in (("explain.granting", explanation.granting), ("explain.capping", explanation.capping)):
            for reason in reasons:
                yield from ("", self._texts(title), *self._reason(reason))
        if explanation.obligations:
            told = ", ".join(sorted(map(str, explanation.obligations)))
            yield from ("", self._texts("explain.obligations", obligations=told))
        if explanation.unknown:
            yield from ("", self._texts("explain.unknown", conditions=", ".join(explanation.unknown)))
            yield self._texts("explain.try", given=f"{explanation.unknown[0]}=true")
        yield from self._missed(explanation)
        if self._assumed:
            yield from ("", self._texts("explain.assumed", given=", ".join(self._assumed)))

    def data(self, explanation: Explanation) -> dict[str, object]:
        """Return the explanation for scripts."""
        asked = explanation.question
        return {
            "field": explanation.object,
            "names": sorted(asked.names),
            "tenant": asked.tenant,
            "action": asked.action,
            "purpose": asked.purpose,
            "mode": asked.mode,
            "level": explanation.level,
            "granting": [self._told(reason.rule, reason.path) for reason in explanation.granting],
            "capping": [self._told(reason.rule, reason.path) for reason in explanation.capping],
            "obligations": sorted(map(str, explanation.obligations)),
            "unknown": list(explanation.unknown),
            "assumed": list(self._assumed),
            "near": [
                {**self._told(miss.rule, ()), "differs": miss.differs, "wants": miss.wants} for miss in explanation.near
            ],
        }

    def _missed(self, explanation: Explanation) -> Iterator[str]:
        """Yield the rules that nearly granted it; those that speak of other fields only where that is all there is."""
        if explanation.granting or explanation.capping:
            return
        others = [miss for miss in explanation.near if miss.differs != "field"]
        yield from ("", self._texts("explain.near" if explanation.near else "explain.silent"))
        for miss in others or explanation.near:
            differs = self._texts("explain.differs", what=self._texts(f"differs.{miss.differs}"), wants=miss.wants)
            yield f"  {self._place(miss.rule)}: {miss.rule.id}: {differs}"

    def _reason(self, reason: Reason) -> Iterator[str]:
        from policy_gateway.web.console.sentences import sentence

        rule = reason.rule
        yield f"  {self._place(rule)}: {rule.id}"
        yield f"  {sentence(rule, self._bundle, self._texts.language)}"
        if rule.cond != "-":
            yield f"  {self._texts('explain.condition', condition=rule.cond)}"
        for ground in self._grounds(rule):
            yield f"  {self._texts('explain.ground', ground=ground)}"
        if len(reason.path) > 1:
            yield f"  {self._texts('explain.path', path=' → '.join(reason.path))}"

    def _told(self, rule: Rule, path: tuple[str, ...]) -> dict[str, object]:
        return {
            "id": rule.id,
            "place": self._place(rule),
            "row": ", ".join(rule.row()),
            "why": rule.why,
            "ground": list(self._grounds(rule)),
            "path": list(path),
        }

    def _grounds(self, rule: Rule) -> tuple[str, ...]:
        from policy_gateway.web.console.sentences import grounds

        return grounds(rule, self._bundle, self._texts.language)

    def _place(self, rule: Rule) -> str:
        return f"{self._folder / rule.place.path}:{rule.place.line}"
