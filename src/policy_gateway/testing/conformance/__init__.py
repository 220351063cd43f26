"""The conformance kit for adapters: what the gateway relies on, as a pytest class to inherit from.

A plugin's tests say how to open its adapter on a prepared CRM, and inherit the rest::

    class TestExample(AdapterConformance):
        @pytest.fixture
        def rig(self) -> Rig:
            transport = FaultyTransport(AsgiTransport(example_sandbox()))
            adapter = ExampleKind().connect(config, transport)
            return Rig(adapter, upstream=WireTap(transport, asked=fields_in), ids=("1", "2", "3"), ...)

Each check belongs to one class of this package, so a plugin can also inherit them one at a time.
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(
    f"{__name__}.catalogue",
    f"{__name__}.faults",
    f"{__name__}.filtering",
    f"{__name__}.reading",
    f"{__name__}.rig",
    f"{__name__}.writing",
)

from policy_gateway.testing.conformance.catalogue import CatalogueConformance  # noqa: E402 -- registered first
from policy_gateway.testing.conformance.faults import FaultConformance  # noqa: E402 -- registered first
from policy_gateway.testing.conformance.filtering import FilterConformance  # noqa: E402 -- registered first
from policy_gateway.testing.conformance.reading import ReadConformance  # noqa: E402 -- registered first
from policy_gateway.testing.conformance.rig import DataSubject, Rig, Upstream, WireTap  # noqa: E402 -- registered first
from policy_gateway.testing.conformance.writing import WriteConformance  # noqa: E402 -- registered first


class AdapterConformance(
    CatalogueConformance,
    ReadConformance,
    FilterConformance,
    WriteConformance,
    FaultConformance,
):
    """Everything that the gateway relies on. Override the fixture ``rig``."""


__all__ = [
    "AdapterConformance",
    "CatalogueConformance",
    "DataSubject",
    "FaultConformance",
    "FilterConformance",
    "ReadConformance",
    "Rig",
    "Upstream",
    "WireTap",
    "WriteConformance",
]
