"""From process start to a usable main window with the demonstration's data, against a bare window."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from benchmarks.floors import BARE_WINDOW

WITH_SQLALCHEMY = "import gc; gc.disable(); import sqlalchemy.orm, sqlalchemy.dialects.sqlite"
"""What every start pays before our first line, so that the ratio can be read."""
RUNS = 7
ROOT = Path(__file__).resolve().parent.parent


def measure(size: str = "standard") -> list[Figure]:
    """Wall time from process start until the window can be used, in turns: the bare window, the program."""
    with tempfile.TemporaryDirectory() as home:
        surroundings = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            "INFUSION_DESKTOP_HOME": home,
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPYCACHEPREFIX": f"{home}/bytecode",  # An installed program is compiled once, not at each start.
        }
        _run([sys.executable, "-m", "infusion_desktop", "demo", "--size", size], surroundings)
        commands = (
            [sys.executable, "-c", BARE_WINDOW],
            [sys.executable, "-c", f"{WITH_SQLALCHEMY}\n{BARE_WINDOW}"],
            [sys.executable, "-m", "benchmarks.usable_window"],
        )
        runs = [[_until_usable(command, surroundings) for command in commands] for _ in range(RUNS + 1)][1:]
    bare, libraries, ours = (tuple(map(median, zip(*(run[which] for run in runs), strict=True))) for which in range(3))
    return [
        Figure("bare window and SQLAlchemy imported, nothing of ours (cpu)", libraries[1], "ms", bare[1]),
        Figure(f"start to usable window, {size} demonstration", ours[0], "ms", bare[0], ratio_goal=3.5),
        Figure("  cpu of it", ours[1], "ms", bare[1]),
        Figure("  memory after it", ours[2], "MB", bare[2], goal=130),
    ]


def _run(command: list[str], surroundings: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[1:]}: {done.stderr}")
    return done.stdout


def _until_usable(command: list[str], surroundings: dict[str, str]) -> tuple[float, float, float]:
    """Wall and cpu milliseconds from the start of the process to the moment it printed, and its memory in MB."""
    begun = time.monotonic()
    usable, cpu, memory = map(float, _run(command, surroundings).split()[-3:])
    return (usable - begun) * 1000, cpu * 1000, memory
