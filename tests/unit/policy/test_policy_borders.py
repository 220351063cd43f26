from __future__ import annotations

from collections.abc import Callable

import pytest

from policy_gateway.errors import ReleaseFailed
from policy_gateway.model.decision import Decision, Deny, Permit
from policy_gateway.model.facts import Scope, Truth, TruthVector
from policy_gateway.model.field import Resource
from policy_gateway.model.principal import Principal, PrincipalId, TenantId
from policy_gateway.policy import Policy, Vocabulary, read_files
from policy_gateway.query import (
    Call,
    Describe,
    Query,
)

Ask = Callable[..., Decision]


def ceiling(decision: Decision) -> dict[str, str]:
    """Return the ceiling of a permit by the names of its levels."""
    assert isinstance(decision, Permit)
    return {path: level.name for path, level in decision.ceiling.items()}


class TestConnection:
    def test_narrowed(
        self, files: dict[str, bytes], vocabulary: Vocabulary, contact: Resource, principal: Callable[..., Principal]
    ) -> None:
        """A line narrowed to a connection counts there, in its tenant, on top of the general one."""
        rules = (
            b"p, agent, acme, free_text, view, allow, clear, *, -, normal, -, NEW-1, -\n"
            b"p, *, acme, special_category, view, deny, redact, *, -, normal, -, NEW-2, -\n# end"
        )
        files = {**files, "tenants/acme.csv": files["tenants/acme.csv"].replace(b"# end", rules)}
        policy = Policy(read_files(files, vocabulary), vocabulary)
        for connection, level in (("main", "clear"), ("sales", "redact"), ("sales2", "clear")):
            call = Call(connection, Query("contact", ("notes",)), "service")
            assert {"notes": level} == ceiling(policy.decide(principal("agent"), call, contact, {}))


class TestDescribe:
    def test_known(self, ask: Ask) -> None:
        """A description lists each known path with what may be done with it for the purpose."""
        decision = ask(Describe("contact"))
        assert isinstance(decision, Permit)
        known = {
            field.path: {action: level.name for action, level in field.actions.items()} for field in decision.known
        }
        assert {"view": "clear", "search": "clear", "edit": "clear"} == known["phone"]
        assert {"view": "clear"} == known["owner"]
        assert "iban" not in known

    def test_envelope(self, ask: Ask) -> None:
        """The parts of the envelope are those in clear for a record of certain truths; asked for, and only then."""
        included = {"include": frozenset({"gdpr"})}
        plain, noted = ask(Query("contact")), ask(Query("contact"), **included)
        assert isinstance(plain, Permit)
        assert isinstance(noted, Permit)
        silent = TruthVector({"restricted": Truth.FALSE})
        assert (frozenset(), frozenset()) == (plain.envelope(silent), noted.envelope(TruthVector()))
        assert {"source"} == noted.envelope(silent)  # LAW-2 is known not to speak


class TestPlugins:
    @pytest.mark.parametrize("answer", [None, True, "true", Truth.PENDING])
    def test_garbage(
        self,
        files: dict[str, bytes],
        vocabulary: Vocabulary,
        contact: Resource,
        principal: Callable[..., Principal],
        answer: object,
    ) -> None:
        """A condition that answers anything but a truth is unknown."""
        odd = type(
            "Odd",
            (),
            {
                "name": "ticket",
                "scope": Scope.CALL,
                "reads": frozenset(),
                "arguments": (),
                "repeats": False,
                "test": lambda *_: answer,
            },
        )()
        conditions = Vocabulary({**vocabulary.conditions, "ticket": odd}, vocabulary.masks, vocabulary.obligations)
        policy = Policy(read_files(files, conditions), conditions)
        call = Call("main", Query("contact", ("iban",)), "collections")
        assert isinstance(policy.decide(principal("supervisor"), call, contact, {}), Deny)

    def test_broken(
        self, files: dict[str, bytes], vocabulary: Vocabulary, contact: Resource, principal: Callable[..., Principal]
    ) -> None:
        """A condition that breaks stops the call, and its words go nowhere."""

        def broken(*_: object) -> Truth:
            message = "the value was 4711"
            raise ValueError(message)

        odd = type(
            "Odd",
            (),
            {
                "name": "ticket",
                "scope": Scope.CALL,
                "reads": frozenset(),
                "arguments": (),
                "repeats": False,
                "test": broken,
            },
        )()
        conditions = Vocabulary({**vocabulary.conditions, "ticket": odd}, vocabulary.masks, vocabulary.obligations)
        policy = Policy(read_files(files, conditions), conditions)
        with pytest.raises(ReleaseFailed, match=r"^a condition broke: ValueError$"):
            policy.decide(
                principal("supervisor"), Call("main", Query("contact", ("iban",)), "collections"), contact, {}
            )


class TestMemory:
    @pytest.mark.attack("H27")
    def test_unknown_names(self, policy: Policy, contact: Resource) -> None:
        """Names that the bundle does not know never reach Casbin, and plans are shared over principals."""
        call = Call("main", Query("contact"), "service")
        roles = policy.rulebook.enforcer.get_named_role_manager("g")
        before = None
        for number in range(2000):
            names = frozenset({f"user:u{number}", f"team:t{number}", "agent"})
            who = Principal(
                PrincipalId(f"user:u{number}"),
                TenantId(f"acme{number % 3 or ''}"),
                names,
                frozenset({"service", f"p{number}"}),
            )
            policy.decide(who, call, contact, {})
            if number == 10:
                before = {tenant: len(rm.all_roles) for tenant, rm in roles.rm_map.items()}, len(policy._plans)
        assert before == ({tenant: len(rm.all_roles) for tenant, rm in roles.rm_map.items()}, len(policy._plans))
