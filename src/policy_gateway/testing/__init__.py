"""What tests of the gateway and of its plugins are made of: fakes that implement ports, builders, fictional people.

The conformance kit for adapters is :mod:`policy_gateway.testing.conformance`; it alone needs pytest.
"""

from __future__ import annotations

from policy_gateway.testing.asgi import AsgiTransport
from policy_gateway.testing.builders import a_call, a_change, a_key, a_page, a_principal, a_query, a_record
from policy_gateway.testing.fakes import (
    CollectingJournal,
    DeterministicRandomness,
    FakeClock,
    FakeFactSource,
    RecordingAdapter,
    TamperingAdapter,
)
from policy_gateway.testing.faults import Fault, FaultyTransport, upstream_error
from policy_gateway.testing.people import Person, people

__all__ = [
    "AsgiTransport",
    "CollectingJournal",
    "DeterministicRandomness",
    "FakeClock",
    "FakeFactSource",
    "Fault",
    "FaultyTransport",
    "Person",
    "RecordingAdapter",
    "TamperingAdapter",
    "a_call",
    "a_change",
    "a_key",
    "a_page",
    "a_principal",
    "a_query",
    "a_record",
    "people",
    "upstream_error",
]
