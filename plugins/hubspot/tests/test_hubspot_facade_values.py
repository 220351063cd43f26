from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_gateway.errors import RateLimited
from policy_gateway.model.field import Field, FieldType, Value
from policy_gateway.query import And, Compare, In, Not, Op, Or, Text, searched_paths
from policy_gateway.wire import Json
from policy_gateway_hubspot.facade.kinds import CONTACTS
from policy_gateway_hubspot.facade.known import Knowledge, Known, Place
from policy_gateway_hubspot.facade.refusals import Invalid, worded
from policy_gateway_hubspot.facade.request import DATED, taken_apart
from policy_gateway_hubspot.facade.searching import search_of
from policy_gateway_hubspot.facade.values import masked, sought, spelled, typed

CONSENTS = Field("consents", FieldType.TEXTS, "marketing_consents")
HERE = Place("acme", "user:anna", "service", "hub", "contacts")

OPERATORS = (
    *("EQ", "NEQ", "LT", "LTE", "GT", "GTE", "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY"),
    *("CONTAINS_TOKEN", "LIKE"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 999) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
FILTER = st.fixed_dictionaries(
    {
        "propertyName": st.sampled_from(["email", "iban", "a.b", "", "*"]),
        "operator": st.sampled_from(OPERATORS),
    },
    optional={"value": JSON, "highValue": JSON, "values": st.lists(st.text(max_size=5), max_size=4) | JSON},
)
BODY = st.fixed_dictionaries(
    {},
    optional={
        "filterGroups": st.lists(st.fixed_dictionaries({"filters": st.lists(FILTER, max_size=7)}), max_size=6) | JSON,
        "filters": st.lists(FILTER, max_size=2) | JSON,
        "sorts": JSON,
        "query": JSON,
        "limit": st.integers(-1, 300) | JSON,
        "after": JSON,
        "properties": JSON,
    },
)


class TestValues:
    @pytest.mark.parametrize(
        ("kind", "text", "value"),
        [
            (FieldType.TEXT, "x", "x"),
            (FieldType.TEXT, "", None),
            (FieldType.BOOLEAN, "TRUE", True),
            (FieldType.INTEGER, "-5", -5),
            (FieldType.DECIMAL, "1.50", "1.50"),
            (FieldType.DATE, "1990-02-03", "1990-02-03"),
            (FieldType.DATE, "633830400000", "1990-02-01"),
            (FieldType.DATETIME, "2026-01-02T03:04:05+01:00", "2026-01-02T02:04:05.000Z"),
            (FieldType.DATETIME, "1687096851000", "2023-06-18T14:00:51.000Z"),
            (FieldType.TEXTS, "a;b", ("a", "b")),
        ],
    )
    def test_typed(self, kind: FieldType, text: str, value: Value) -> None:
        """A text is read as its property's type."""
        assert value == typed(Field("path", kind, "name"), text, "name")

    @pytest.mark.parametrize(
        ("kind", "text"),
        [
            (FieldType.BOOLEAN, "yes"),
            (FieldType.INTEGER, "1.5"),
            (FieldType.INTEGER, "٣"),
            (FieldType.DECIMAL, "1e5"),
            (FieldType.DATE, "2026-02-30"),
            (FieldType.DATE, "1687096851000"),
            (FieldType.DATETIME, "now"),
        ],
    )
    def test_refused(self, kind: FieldType, text: str) -> None:
        """A text that is none of the type is refused."""
        with pytest.raises(Invalid):
            typed(Field("path", kind, "name"), text, "name")

    def test_consents(self) -> None:
        """Consents are the portal's options outside and the gateway's words inside."""
        assert ("marketing:email", "survey:phone") == typed(CONSENTS, "marketing_email;survey_phone", "x")
        assert "marketing_email;survey_phone" == spelled(CONSENTS, ("marketing:email", "survey:phone"))
        assert "marketing:email" == sought(CONSENTS, "marketing_email", "x")

    @pytest.mark.parametrize(
        ("kind", "shown"),
        [(FieldType.TEXT, "1990"), (FieldType.EMAIL, "1990"), (FieldType.DATE, None), (FieldType.TEXTS, None)],
    )
    def test_masked(self, kind: FieldType, shown: str | None) -> None:
        """A mask is told where the type holds any text."""
        assert shown == masked(Field("path", kind, "name"), "1990")
        assert masked(None, "1990") is None


class TestPaths:
    @pytest.mark.parametrize(
        ("path", "plain", "dialect"),
        [
            ("crm/v3/objects/contacts", "crm/objects/contacts", "v3"),
            ("crm/objects/2026-03/contacts", "crm/objects/contacts", DATED),
            ("crm/owners/2026-03", "crm/owners", DATED),
            ("oauth/2026-03/token", "oauth/token", DATED),
            ("crm/objects/contacts/2026-03", "crm/objects/contacts/2026-03", ""),
            ("crm", "crm", ""),
            ("contacts/v1/lists", "contacts/lists", "v1"),
        ],
    )
    def test_versions(self, path: str, plain: str, dialect: str) -> None:
        """A path says its dialect in one of two places."""
        assert (tuple(plain.split("/")), dialect) == taken_apart(path.split("/"))


class TestSearch:
    @given(BODY)
    def test_never_breaks(self, body: dict[str, object]) -> None:
        """Whatever a body holds, it becomes a query of names that it holds, or is refused."""
        try:
            found = search_of(CONTACTS, body, Known())  # type: ignore[arg-type]  # generated JSON
        except Invalid:
            return
        said = str(body)
        assert all(name == "*" or name in said for name in searched_paths(found.query))

    def test_operators(self) -> None:
        """Operators mean what they mean in HubSpot."""
        filters: list[Json] = [
            {"propertyName": "a", "operator": "BETWEEN", "value": "1", "highValue": "2"},
            {"propertyName": "b", "operator": "NOT_IN", "values": ["x"]},
            {"propertyName": "c", "operator": "NOT_CONTAINS_TOKEN", "value": "y*"},
            {"propertyName": "d", "operator": "NOT_HAS_PROPERTY"},
        ]
        where = search_of(
            CONTACTS, {"filterGroups": [{"filters": filters[:2]}, {"filters": filters[2:]}]}, Known()
        ).query.where

        assert (
            Or(
                (
                    And((And((Compare("a", Op.GE, "1"), Compare("a", Op.LE, "2"))), Not(In("b", ("x",))))),
                    And((Not(Text("y", ("c",))), Compare("d", Op.IS_NULL, value=True))),
                )
            )
            == where
        )


class TestKnowledge:
    def test_forgotten(self) -> None:
        """What is known passes with time, and with the policy."""
        knowledge = Knowledge()
        known = knowledge.learn(HERE, Known("1"), 0.0)

        assert known == knowledge.recall(HERE, 59.0)
        assert knowledge.recall(HERE, 61.0) is None
        knowledge.notice(HERE, "1")
        assert known == knowledge.recall(HERE, 1.0)
        knowledge.notice(HERE, "2")
        assert knowledge.recall(HERE, 1.0) is None


class TestLimits:
    @pytest.mark.parametrize(
        ("wait", "policy"),
        [
            (0, "SECONDLY"),
            (1, "SECONDLY"),
            (2, "TEN_SECONDLY_ROLLING"),
            (10, "TEN_SECONDLY_ROLLING"),
            (11, "DAILY"),
            (300, "DAILY"),
        ],
    )
    def test_policy(self, wait: int, policy: str) -> None:
        """A limit is told by the name and in the words after which HubSpot's clients wait long enough, or give up."""
        said = worded(RateLimited(retry_after=wait))

        assert (policy, f"You have reached your {policy.lower()} limit.") == (said.more["policyName"], said.message)
        assert (("retry-after", str(max(wait, 1))),) == said.headers
