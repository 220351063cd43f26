"""Run the measurements and write them down: ``run.py [--only NAME …] [--rounds N] [--quick]``.

Each measurement runs in a process of its own, so that none of them inherits another's memory or threads.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from figures import machine

FOLDER = Path(__file__).parent
RAW = FOLDER / "results.json"
PAGE = FOLDER / "RESULTS.md"
MEASUREMENTS = ("decide", "release", "single", "facades", "export", "audit", "memory", "soql")


def main() -> None:
    """Measure what was asked for, keep the other results, and write both files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=MEASUREMENTS, default=MEASUREMENTS)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds; medians are shown")
    parser.add_argument("--quick", action="store_true", help="short rounds, to see that it works; writes nothing")
    arguments = parser.parse_args()
    results = json.loads(RAW.read_text(encoding="utf-8")) if RAW.exists() else {}
    for name in arguments.only:
        print(f"measuring: {name}", flush=True)
        results[name] = measured(name, rounds=2 if arguments.quick else arguments.rounds, quick=arguments.quick)
        print(markdown(results[name]), flush=True)
    if not arguments.quick:
        results["machine"] = machine()
        RAW.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        PAGE.write_text(page(results), encoding="utf-8")


def measured(name: str, *, rounds: int, quick: bool) -> dict[str, Any]:
    """Return the table of one measurement, as JSON."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = [sys.executable, str(FOLDER / f"{name}.py"), file.name, str(rounds), "quick" if quick else "full"]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        table: dict[str, Any] = json.loads(Path(file.name).read_text(encoding="utf-8"))
        return table


def page(results: dict[str, Any]) -> str:
    """Return the page of all tables."""
    where = "; ".join(f"{key}: {value}" for key, value in results["machine"].items())
    head = [
        "<!-- Written by `make bench`; raw figures are in results.json. -->",
        "",
        "# How fast it is",
        "",
        "Ours beside the floor and the peers, all in the same run on the same machine, in interleaved rounds; a",
        "figure is the median of its rounds. Read them as ratios, not as promises: your machine is another one. The",
        "method of each table stands above it, the programs beside this page, the reasons in [README.md](README.md).",
        "",
        f"Taken on: {where}.",
    ]
    tables = [markdown(results[name]) for name in MEASUREMENTS if name in results]
    return "\n".join([*head, "", *tables])


def markdown(table: dict[str, Any]) -> str:
    """Return one table as Markdown, with its method and what was to be reached."""
    lines = [f"## {table['title']}", "", str(table["method"]), ""]
    lines += [line(table["columns"]), line(["---", *["--:"] * (len(table["columns"]) - 1)])]
    lines += [line([row["name"], *row["cells"]]) for row in table["rows"]]
    if table["targets"]:
        lines += ["", "| to reach | measured | |", "|---|---|---|"]
        lines += [
            line([target["wanted"], target["measured"], "reached" if target["reached"] else "**missed**"])
            for target in table["targets"]
        ]
    return "\n".join([*lines, ""])


def line(cells: list[str]) -> str:
    """Return one line of a Markdown table."""
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
