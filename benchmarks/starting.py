"""From process start to a usable main window with the demonstration's data, against a bare window."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.figures import Figure, in_turns
from benchmarks.floors import BARE_WINDOW

WITH_SQLALCHEMY = "import gc; gc.disable(); import sqlalchemy.orm, sqlalchemy.dialects.sqlite"
"""What every start pays before our first line, so that the ratio can be read."""
ROOT = Path(__file__).resolve().parent.parent


def measure(size: str = "standard") -> list[Figure]:
    """Wall time of whole processes in turns: the bare window, the program."""
    with tempfile.TemporaryDirectory() as home:
        surroundings = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            "INFUSION_DESKTOP_HOME": home,
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPYCACHEPREFIX": f"{home}/bytecode",  # An installed program is compiled once, not at each start.
        }
        _run([sys.executable, "-m", "infusion_desktop", "demo", "--size", size], surroundings)
        printed: dict[str, float] = {}

        def bare() -> None:
            printed["bare"] = _run([sys.executable, "-c", BARE_WINDOW], surroundings)

        def ours() -> None:
            printed["ours"] = _run([sys.executable, "-m", "benchmarks.usable_window"], surroundings)

        def libraries() -> None:
            _run([sys.executable, "-c", f"{WITH_SQLALCHEMY}\n{BARE_WINDOW}"], surroundings)

        floor, least, taken = in_turns(bare, libraries, ours, runs=7, warm=1)
    return [
        Figure("bare window and SQLAlchemy imported, nothing of ours", least, "ms", floor),
        Figure(f"start to usable window, {size} demonstration", taken, "ms", floor, ratio_goal=3.5),
        Figure("  memory after it", printed["ours"], "MB", printed["bare"], goal=130),
    ]


def _run(command: list[str], surroundings: dict[str, str]) -> float:
    """Run it to its end; the number it printed last, where it prints one."""
    done = subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[1:]}: {done.stderr}")
    last = done.stdout.split()[-1:]
    return float(last[0]) if last and last[0].replace(".", "", 1).isdigit() else 0.0
