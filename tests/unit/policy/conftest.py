from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from policy_gateway.builtins.conditions import BUILT_IN
from policy_gateway.builtins.masks import Masks
from policy_gateway.errors import Finding, PolicyError
from policy_gateway.model.decision import Decision
from policy_gateway.model.facts import Reading
from policy_gateway.model.field import Field, FieldType, Resource
from policy_gateway.model.principal import Principal, PrincipalId, TenantId
from policy_gateway.policy import Policy, Vocabulary, read_files
from policy_gateway.policy.dialect import MODEL
from policy_gateway.query import Call, Operation

Files = dict[str, bytes]

VOCABULARY = """\
g, team:berlin, agent, acme
g, supervisor, agent, *
g, auditor, reviewer, *
g2, contact.id, record_key, *
g2, contact.first_name, identity, *
g2, contact.last_name, identity, *
g2, contact.name, identity, *
g2, contact.email, contact_data, *
g2, contact.phone, contact_data, *
g2, contact.iban, financial, *
g2, contact.notes, free_text, *
g2, contact.notes@sales, special_category, acme
g2, contact.owner, processing, *
g2, contact.vip, processing, bolt
g2, provenance.source, provenance, *
g2, provenance.legal_basis, special_category, *
g2, record_key, personal, *
g2, identity, personal, *
g2, contact_data, personal, *
g2, financial, personal, *
g2, free_text, personal, *
g2, special_category, personal, *
g2, processing, personal, *
g2, provenance, personal, *
g3, view, read
g3, search, read
g3, edit, write
g3, create, write
g3, delete, write
g5, redact, token
g5, token, last4
g5, token, partial
g5, last4, clear
g5, partial, clear
# end
"""
LAW = """\
p, *, *, special_category, *, deny, none, marketing, -, always, -, LAW-1, law:GDPR-9-1
p, *, *, personal, view, deny, none, *, restricted, always, -, LAW-2, law:GDPR-18-1
# end
"""
GROUP = """\
p, auditor, *, personal, view, allow, token, audit, -, normal, log, GRP-1, law:GDPR-5-2
# end
"""
ACME = """\
p, agent, acme, identity, view, allow, clear, customer_care, -, normal, -, ACME-1, instruction:ACME-1
p, agent, acme, contact_data, view, allow, partial, customer_care, -, normal, log, ACME-2, instruction:ACME-1
p, agent, acme, contact_data, view, allow, clear, customer_care, own_record, normal, log & notify(dpo), ACME-3, law:X
p, agent, acme, contact_data, search, allow, clear, customer_care, own_record, normal, -, ACME-4, instruction:ACME-1
p, agent, acme, identity, search, allow, clear, customer_care, -, normal, -, ACME-5, instruction:ACME-1
p, agent, acme, contact_data, edit, allow, clear, customer_care, own_record, normal, log, ACME-6, instruction:ACME-1
p, agent, acme, record_key, read, allow, clear, customer_care, -, normal, -, ACME-7, instruction:ACME-1
p, supervisor, acme, financial, view, allow, last4, collections, ticket, normal, log, ACME-8, instruction:ACME-1
p, supervisor, acme, free_text, view, allow, clear, *, justified, breakglass, notify(dpo), ACME-9, instruction:ACME-1
p, supervisor, acme, personal, export, allow, clear, customer_care, ticket, normal, log, ACME-10, instruction:ACME-1
p, agent, acme, provenance.source, view, allow, clear, customer_care, -, normal, -, ACME-11, instruction:ACME-1
p, agent, acme, processing, view, allow, clear, customer_care, -, normal, -, ACME-12, instruction:ACME-1
p, supervisor, acme, identity, write, allow, clear, customer_care, -, normal, log, ACME-13, instruction:ACME-1
# end
"""
BOLT = """\
p, agent, bolt, identity, view, allow, clear, customer_care, -, normal, -, BOLT-1, -
p, agent, bolt, contact_data, read, allow, clear, customer_care, -, normal, -, BOLT-2, -
p, agent, bolt, contact.phone, view, deny, partial, *, !role(supervisor), normal, -, BOLT-3, -
# end
"""
PURPOSES = """\
customer_care: {label: {de: Betreuung, en: Care}}
service: {broader: customer_care, legal_basis: contract, retention: P3Y, label: {de: Service, en: Service}}
complaint: {broader: customer_care, legal_basis: contract, retention: P3Y, label: {de: Beschwerde, en: Complaint}}
marketing: {legal_basis: consent, retention: P1Y, label: {de: Werbung, en: Marketing}}
collections: {legal_basis: contract, retention: P3Y, label: {de: Forderung, en: Collections}}
audit: {legal_basis: legal_obligation, retention: P3Y, label: {de: Prüfung, en: Audit}}
# end
"""
INSTRUCTIONS = """\
ACME-1: {tenant: acme, date: 2026-01-02, text: care for customers}
BOLT-1: {tenant: bolt, date: 2026-01-02, text: {de: Betreuen, en: care}}
# end
"""
MANDATE = "controller: ACME Energie GmbH\npurposes: [service, complaint, collections, audit]\n# end\n"


def small_folder() -> Files:
    """Return a small policy for two tenants, by path."""
    texts = {
        "model.conf": MODEL,
        "vocabulary.csv": VOCABULARY,
        "law.csv": LAW,
        "group.csv": GROUP,
        "purposes.yaml": PURPOSES,
        "instructions.yaml": INSTRUCTIONS,
        "tenants/acme.csv": ACME,
        "tenants/acme.yaml": MANDATE,
        "tenants/bolt.csv": BOLT,
        "tenants/bolt.yaml": MANDATE,
    }
    return {path: text.encode() for path, text in texts.items()}


@pytest.fixture
def files() -> Files:
    """Return the small policy's files, to be changed at will."""
    return small_folder()


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    """Return the built-in conditions and masks, and a few obligations."""
    conditions = {condition.name: condition for condition in BUILT_IN}
    masks = {mask.name: mask for mask in Masks().register_masks()}
    return Vocabulary(conditions, masks, frozenset({"log", "notify", "expire"}))


Findings = Callable[[Mapping[str, bytes]], list[Finding]]


@pytest.fixture
def found(vocabulary: Vocabulary) -> Findings:
    """Return what reads files and says what is wrong with them."""

    def read(files: Mapping[str, bytes]) -> list[Finding]:
        try:
            read_files(files, vocabulary)
        except PolicyError as error:
            return list(error.findings)
        return []

    return read


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Mapping[str, bytes]], Path]:
    """Return what puts files into a folder."""

    def put(files: Mapping[str, bytes]) -> Path:
        for path, data in files.items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return tmp_path

    return put


@pytest.fixture
def policy(files: Files, vocabulary: Vocabulary) -> Policy:
    """Return the small policy, ready to decide."""
    return Policy(read_files(files, vocabulary), vocabulary)


@pytest.fixture
def contact() -> Resource:
    """Return a contact with a compound name and a field that nobody has classified."""
    paths = ("id", "first_name", "last_name", "email", "phone", "iban", "notes", "owner", "secret")
    fields = {path: Field(path, FieldType.TEXT, path) for path in paths}
    fields["name"] = Field("name", FieldType.NAME, "name", contains=("first_name", "last_name"))
    return Resource("contact", "contacts", fields)


@pytest.fixture
def principal() -> Callable[..., Principal]:
    """Return what makes principals by the names that policy knows them by."""

    def make(*names: str, tenant: str = "acme", purposes: tuple[str, ...] = ("service", "collections")) -> Principal:
        known = frozenset({"user:anna", *names})
        return Principal(PrincipalId("user:anna"), TenantId(tenant), known, frozenset(purposes))

    return make


@pytest.fixture
def reading() -> Callable[..., Reading]:
    """Return what makes the reading of a call; keywords have ``_`` for ``.`` after the first word."""

    def make(**said: Any) -> Reading:  # noqa: ANN401 -- readings hold anything
        known = {key.replace("_", ".", 1): value for key, value in said.items()}
        now = datetime(2026, 7, 1, 10, tzinfo=UTC)
        return {"principal.kind": "user", "principal.owner_ids": frozenset({"7"}), "call.now": now, **known}

    return make


Ask = Callable[..., Decision]


@pytest.fixture
def ask(policy: Policy, contact: Resource, principal: Callable[..., Principal], reading: Callable[..., Reading]) -> Ask:
    """Return what asks the small policy about an operation on a contact."""

    def asked(
        operation: Operation,
        *names: str,
        purpose: str = "service",
        said: dict[str, Any] | None = None,
        **call: Any,  # noqa: ANN401 -- parts of a call
    ) -> Decision:
        who = principal(*(names or ("agent",)), **call.pop("who", {}))
        return policy.decide(
            who, Call(call.pop("connection", "main"), operation, purpose, **call), contact, reading(**(said or {}))
        )

    return asked
