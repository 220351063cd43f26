"""What every test of the repository and of its plugins shares."""

from __future__ import annotations

import ipaddress
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sybil import Sybil
from sybil.integration.pytest import SybilItem
from sybil.parsers.markdown import PythonCodeBlockParser

settings.register_profile("default", deadline=None, print_blob=True)
settings.register_profile(
    "soak",
    deadline=None,
    print_blob=True,
    max_examples=50_000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("POLICY_GATEWAY_HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio, which is what the gateway runs on."""
    return "asyncio"


def _loopback_only(event: str, arguments: tuple[object, ...]) -> None:
    """Raise when a socket is about to connect to anything but this machine."""
    if event != "socket.connect":
        return
    address = arguments[1]
    if not isinstance(address, tuple):
        return
    host = str(address[0])
    try:
        inside = ipaddress.ip_address(host).is_loopback
    except ValueError:
        inside = host == "localhost"
    if not inside:
        raise RuntimeError(f"a test tried to reach {host}: only loopback is allowed")


def pytest_configure() -> None:
    """Keep every test on this machine."""
    sys.addaudithook(_loopback_only)


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(future_imports=["annotations"])], patterns=["README.md", "docs/**/*.md"]
).pytest()
"""Every Python block of the pages is run, from top to bottom of its page."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the blocks of a page in their order, which tests elsewhere do not have (pytest-randomly)."""
    order: dict[Path, list[SybilItem]] = {}
    for item in items:
        if isinstance(item, SybilItem):
            order.setdefault(item.path, []).append(item)
    pages = {path: iter(sorted(blocks, key=lambda item: item.example.line)) for path, blocks in order.items()}
    items[:] = [next(pages[item.path]) if isinstance(item, SybilItem) else item for item in items]
