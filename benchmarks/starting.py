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
    """In turns: the bare window, the program that signs in by itself, and one whose user types name and password."""
    with tempfile.TemporaryDirectory() as home:
        surroundings = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            "INFUSION_DESKTOP_HOME": home,
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPYCACHEPREFIX": f"{home}/bytecode",  # An installed program is compiled once, not at each start.
        }
        told = _run([sys.executable, "-m", "infusion_desktop", "demo", "--size", size], surroundings)
        usable = [sys.executable, "-m", "benchmarks.usable_window"]
        commands = (
            [sys.executable, "-c", BARE_WINDOW],
            [sys.executable, "-c", f"{WITH_SQLALCHEMY}\n{BARE_WINDOW}"],
            usable,
            [*usable, "admin", told.split()[-1]],
        )
        runs = [[_figures(command, surroundings) for command in commands] for _ in range(RUNS + 1)][1:]
    bare, libraries, whole, typed = (list(map(median, zip(*(run[i] for run in runs), strict=True))) for i in range(4))
    return [
        Figure(
            f"start to sign-in window that takes keys, {size} demonstration", typed[0], "ms", bare[0], ratio_goal=3.5
        ),
        Figure("  cpu of it", typed[1], "ms", bare[1]),
        Figure("  a typed letter waits at the most, while the rest is read", typed[2], "ms", goal=100),
        Figure("sign-in pressed to usable first screen, password check included", typed[3], "ms"),
        Figure("start to usable first screen, nobody types", whole[0], "ms", bare[0], ratio_goal=3.5),
        Figure("  cpu of it", whole[1], "ms", bare[1]),
        Figure("  of which Qt and SQLAlchemy imported, nothing of ours (cpu)", libraries[1], "ms", bare[1]),
        Figure("  memory after it", whole[2], "MB", bare[2], goal=130),
    ]


def _figures(command: list[str], surroundings: dict[str, str]) -> tuple[float, ...]:
    """What the process printed; its first figure as milliseconds since it was started, its second in milliseconds."""
    begun = time.monotonic()
    moment, cpu, *more = map(float, _run(command, surroundings).split())
    return (moment - begun) * 1000, cpu * 1000, *more


def _run(command: list[str], surroundings: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[1:3]}: {done.stderr}")
    return done.stdout
