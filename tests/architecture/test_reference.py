from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def pages(root: Path) -> Mapping[str, str]:
    """Return every generated page as the code would write it now."""
    spec = importlib.util.spec_from_file_location("generate", root / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written: Mapping[str, str] = module.pages()
    return written


class TestGeneratedPages:
    def test_fresh(self, pages: Mapping[str, str], root: Path) -> None:
        """Every generated page of the reference says what the code says: otherwise run make docs."""
        stale = [
            name for name, text in pages.items() if text != (root / "docs/reference" / name).read_text(encoding="utf-8")
        ]

        assert [] == stale


class TestLinks:
    def test_lead_somewhere(self, root: Path) -> None:
        """Every relative link of a page leads to a file that exists."""
        pages = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("plugins/*/*.md")]
        broken = [
            f"{page.relative_to(root)}: {target}"
            for page in pages
            for target in re.findall(r"\]\((?!https?:|mailto:)([^)#]+)", page.read_text(encoding="utf-8"))
            if not (page.parent / target).exists()
        ]

        assert [] == broken
