"""Fixtures for the tests of the adapter and of the sandbox."""

from __future__ import annotations

import pytest

from policy_gateway_hubspot.sandbox import Sandbox


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, as the gateway does."""
    return "asyncio"


@pytest.fixture
def sandbox() -> Sandbox:
    """Return a portal of its own."""
    return Sandbox(seed=1)
