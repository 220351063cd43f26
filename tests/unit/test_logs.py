"""The log: where its events go."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import orjson
import pytest
import structlog

from policy_gateway.logs import configure


class TestConfigure:
    def test_replaced_stderr(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Events go to the standard error of their time: what it was when logging was set up may be closed."""
        monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO()))
        configure("info")
        sys.stderr.close()
        with (tmp_path / "log").open("w", encoding="utf-8") as now:
            monkeypatch.setattr(sys, "stderr", now)
            structlog.get_logger().info("gateway.started")

        assert "gateway.started" == orjson.loads((tmp_path / "log").read_bytes())["event"]
