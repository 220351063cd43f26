"""The page as a whole: what there is to choose, the comparison, the rule file, the last entries."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from policy_gateway.errors import PolicyError, PolicyUnavailable
from policy_gateway.policy import Draft, Policy, PolicyFile
from policy_gateway.web.console.address import Address, purposes_of
from policy_gateway.web.console.asking import entries, views
from policy_gateway.web.console.cells import Comparison
from policy_gateway.web.console.explaining import Explainer
from policy_gateway.web.console.mistakes import Mistake, mistakes
from policy_gateway.web.console.remembered import remembered
from policy_gateway.web.console.scene import Pages
from policy_gateway.web.console.sentences import purpose_label
from policy_gateway.web.console.texts import said
from policy_gateway.web.problems import Problem

_SHORT: Final = 12


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose: a link, and whether it is what the page shows."""

    label: str
    href: str
    chosen: bool
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """A group of choices, with a *heading* when there are several groups."""

    heading: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Edit:
    """The rule file as it stands in the box: its *draft*, and why that was not written."""

    draft: Draft
    mistakes: tuple[Mistake, ...] = ()
    overtaken: bool = False


@dataclass(frozen=True, slots=True)
class Writer:
    """Renders pages; *token* proves that a form came from here."""

    pages: Pages
    file: PolicyFile
    token: str
    templates: Environment

    async def page(self, address: Address, edit: Edit | None = None) -> str:
        """Return the page; *edit* is what could not be saved, kept in the box."""
        seen = await views(self.pages, address)
        remembering = await entries(self.pages)
        policy = _policy(self.pages)
        texts = said(address.language)
        explainer = Explainer(policy, address.language, texts) if policy else None
        comparison = Comparison(seen, explainer, address)
        problem = self.pages.policies.problem
        broken = mistakes(problem.findings, address.language, {}) if problem else ()
        return self.templates.get_template("console.html").render(
            t=texts,
            address=address,
            language=address.language,
            languages=(("en", "English"), ("de", "Deutsch")),
            purposes=self._purposes(address, policy),
            contacts=self._contacts(address),
            version=policy.version[:_SHORT] if policy else "",
            purpose=purpose_label(policy.bundle if policy else None, address.purpose, address.language),
            broken=broken,
            columns=comparison.columns(),
            rows=comparison.rows(),
            edit=edit or await self.edit(address.language),
            file=self.file.path,
            token=self.token,
            tenant=self.pages.personas[0].tenant,
            remembered=remembered(remembering, address.language),
        )

    def refusal(self, problem: Problem, language: str, correlation: str) -> str:
        """Return a small page that says why there is no other."""
        return self.templates.get_template("problem.html").render(
            t=said(language), language=language, problem=problem, correlation=correlation
        )

    async def edit(self, language: str) -> Edit:
        """Return the rule file as it is on disk."""
        try:
            return Edit(await asyncio.to_thread(self.file.read))
        except PolicyError as error:
            return Edit(Draft("", ""), mistakes(error.findings, language, {}))

    def _purposes(self, address: Address, policy: Policy | None) -> tuple[Choice, ...]:
        bundle = policy.bundle if policy else None
        held = purposes_of(self.pages)
        known = [name for name in bundle.purposes if name in held] if bundle else []
        return tuple(
            Choice(purpose_label(bundle, name, address.language), address.at(purpose=name), name == address.purpose)
            for name in (*known, *(name for name in held if name not in known))
        )

    def _contacts(self, address: Address) -> tuple[Choices, ...]:
        groups: dict[str, list[Choice]] = {}
        for contact in self.pages.contacts:
            href = address.at(connection=contact.connection, contact=contact.id)
            chosen = (contact.connection, contact.id) == (address.connection, address.contact)
            choice = Choice(contact.id, href, chosen, contact.labels.get(address.language, ""))
            groups.setdefault(contact.connection, []).append(choice)
        return tuple(Choices(connection, tuple(items)) for connection, items in groups.items())


def _policy(pages: Pages) -> Policy | None:
    try:
        return pages.policies.current()
    except PolicyUnavailable:
        return None


def templates() -> Environment:
    """Return the console's templates: everything is escaped, and nothing may be missing."""
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


__all__ = ["Edit", "Writer", "templates"]
