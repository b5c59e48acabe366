"""Measure everything and print one table: `python -m benchmarks [part ...]`.

Each part runs in a process of its own, one after the other, so that its memory is its own. Exit code 1 when a goal is
missed.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.figures import DATA, Figure, table

PARTS = {
    "start": "starting:measure",
    "start-postgresql": "starting:measure_postgresql",
    "places": "places:measure",
    "kit-sqlite": "kit_life:measure_sqlite",
    "kit-postgresql": "kit_life:measure_postgresql",
    "manifest": "manifest:measure",
    "per-diem-engine": "per_diem_engine:measure",
    "month-run": "month_run:measure",
    "remittances": "remittances:measure",
    "remittances-postgresql": "remittances:measure_postgresql",
    "stock-list": "stock_list:measure",
    "day": "day_of_deliveries:measure",
    "day-window": "day_in_window:measure",
    "patient": "patient_page:measure",
    "bench": "bench_work:measure",
    "recall": "recall:measure",
    "valuation": "valuation:measure",
    "claim-files": "claim_files:measure",
    "equipment-board": "equipment_board:measure",
    "audit-trail": "audit_trail:measure",
    "reports": "reports:measure",
}
LARGE = {"month-run": "month_run:measure_large", "claim-files": "claim_files:measure_large"}
"""Parts that can be measured at sizes that take minutes."""
_MARK = "FIGURES "


def main() -> int:
    """The parts named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("part", nargs="*", choices=[*PARTS, []], help=f"one of {', '.join(PARTS)}; all without one")
    large = f"{' and '.join(LARGE)} at sizes that take minutes"
    parser.add_argument("--large", action="store_true", help=large)
    parser.add_argument("--data", type=Path, help="a folder that keeps the large pharmacy of the reports part")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.data is not None:
        os.environ[DATA] = str(chosen.data.resolve())  # For the parts, which run in processes of their own.
    parts = LARGE if chosen.large else PARTS
    if chosen.large and not parts.keys() >= set(chosen.part):
        parser.error(f"--large measures {' and '.join(LARGE)} only")
    if chosen.here:
        print(_MARK + json.dumps([asdict(figure) for figure in _measure(parts[chosen.part[0]])]))
        return 0
    figures: list[Figure] = []
    for part in chosen.part or parts:
        print(f"{part} ...", file=sys.stderr, flush=True)
        figures += _in_its_own_process(part, "--large" if chosen.large else "--here")
    print(table(figures))
    return 1 if any(figure.reached is False for figure in figures) else 0


def _measure(part: str) -> list[Figure]:
    module, function = part.split(":")
    found: list[Figure] = getattr(importlib.import_module(f"benchmarks.{module}"), function)()
    return found


def _in_its_own_process(part: str, size: str) -> list[Figure]:
    command = [sys.executable, "-m", "benchmarks", "--here", size, part]
    done = subprocess.run(command, cwd=Path(__file__).resolve().parent.parent, stdout=subprocess.PIPE, text=True)
    told = [line for line in done.stdout.splitlines() if line.startswith(_MARK)]
    if done.returncode or not told:
        raise SystemExit(f"{part} could not be measured.")
    return [Figure(**values) for values in json.loads(told[-1].removeprefix(_MARK))]


if __name__ == "__main__":
    sys.exit(main())
