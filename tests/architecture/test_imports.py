from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import grimp
import pytest


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Return who imports whom, imports inside functions included."""
    return grimp.build_graph("policy_gateway", cache_dir=None, exclude_type_checking_imports=True)


def cycle_through(graph: grimp.ImportGraph, module: str) -> tuple[str, ...]:
    """Return a chain of imports that leads from *module* back to itself; none when there is none."""
    chains = (
        graph.find_shortest_chain(importer=imported, imported=module)
        for imported in graph.find_modules_directly_imported_by(module)
    )
    return next(((module, *chain) for chain in chains if chain), ())


class TestContracts:
    def test_import_linter(self, root: Path) -> None:
        """Every import points downward, and every framework stays at its edge."""
        command = [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))",
        ]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=100)

        assert 0 == done.returncode, done.stdout[-4000:] + done.stderr[-2000:]

    def test_no_cycles(self, graph: grimp.ImportGraph) -> None:
        """No module leads back to itself, not even by an import inside a function."""
        cycles = {module: chain for module in sorted(graph.modules) if (chain := cycle_through(graph, module))}

        assert {} == cycles


class TestPurity:
    def test_import_is_light(self) -> None:
        """Importing the public surface starts no web framework, no database and no policy engine."""
        heavy = "{'casbin', 'fastapi', 'sqlalchemy', 'typer'}"
        code = f"import sys, policy_gateway; print(*sorted({heavy} & set(sys.modules)))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

        assert "" == done.stdout.strip()
