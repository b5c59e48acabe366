"""From process start to a usable main window with the demonstration's data, against a bare window."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from benchmarks.floors import BARE_WINDOW

WITH_SQLALCHEMY = "import gc; gc.disable(); import sqlalchemy.orm, sqlalchemy.dialects.sqlite"
"""What every start pays before our first line, so that the ratio can be read."""
USABLE = [sys.executable, "-m", "benchmarks.usable_window"]
LETTERS = 12
SHORTER_PASSWORD = f"""
import sys
from infusion_desktop.access.people import change_password, user_named
from infusion_desktop.database.place import Place
from infusion_desktop.opening import open_pharmacy
database = open_pharmacy(Place.of(sys.argv[1]))
with database.reading() as session:
    admin = user_named(session, "admin").id
change_password(database, admin, sys.argv[2], sys.argv[2][:{LETTERS}])
"""
RUNS = 7
ROOT = Path(__file__).resolve().parent.parent


def measure(size: str = "standard") -> list[Figure]:
    """In turns: the bare window, the program that signs in by itself, and one whose user types name and password."""
    with tempfile.TemporaryDirectory() as home:
        around = _surroundings(home)
        password = _demonstration(f"{home}/pharmacy.db", size, around)
        commands = (
            [sys.executable, "-c", BARE_WINDOW],
            [sys.executable, "-c", f"{WITH_SQLALCHEMY}\n{BARE_WINDOW}"],
            USABLE,
            [*USABLE, "admin", password],
        )
        bare, libraries, whole, typed = _medians(commands, around)
    return [
        *_of_a_person(f"{size} demonstration", bare, typed),
        Figure("start to usable first screen, nobody types", whole[0], "ms", bare[0], ratio_goal=3.5),
        Figure("  cpu of it", whole[1], "ms", bare[1]),
        Figure("  of which Qt and SQLAlchemy imported, nothing of ours (cpu)", libraries[1], "ms", bare[1]),
        Figure("  memory after it", whole[2], "MB", bare[2], goal=130),
    ]


def measure_postgresql(size: str = "small") -> list[Figure]:
    """The same on a server, whose window must not wait for it."""
    from benchmarks.kit_life import postgresql

    with postgresql() as address, tempfile.TemporaryDirectory() as home:
        around = _surroundings(home)
        password = _demonstration(address, size, around)
        Path(home, "settings.toml").write_text(f'database = "{address}"\n', encoding="utf-8")
        commands = ([sys.executable, "-c", BARE_WINDOW], USABLE, [*USABLE, "admin", password])
        bare, whole, typed = _medians(commands, around)
    return [
        *_of_a_person(f"{size} demonstration on a server", bare, typed),
        Figure("start to usable first screen on a server, nobody types", whole[0], "ms", bare[0]),
    ]


def _of_a_person(where: str, bare: list[float], typed: list[float]) -> tuple[Figure, ...]:
    first, cpu, key, silence, last, _memory = typed
    return (
        Figure(f"start to sign-in window that takes keys, {where}", first, "ms", bare[0], ratio_goal=3.5),
        Figure("  cpu of it", cpu, "ms", bare[1]),
        Figure("  a typed key waits at the most, while the rest is read", key, "ms", goal=100),
        Figure("  the window answers nobody at the most meanwhile", silence, "ms", goal=100),
        Figure("last key of the password to usable first screen, hash included", last, "ms", bare[0], ratio_goal=3.5),
        Figure("what a person waits in all, before the first key and after the last", first + last, "ms", bare[0]),
    )


def _surroundings(home: str) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "INFUSION_DESKTOP_HOME": home,
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPYCACHEPREFIX": f"{home}/bytecode",  # An installed program is compiled once, not at each start.
    }


def _demonstration(address: str, size: str, surroundings: dict[str, str]) -> str:
    """Make it there; the password of its people, twelve characters long."""
    command = [sys.executable, "-m", "infusion_desktop", "--database", address, "demo", "--size", size]
    told = _run(command, surroundings).split()[-1]
    # In a process of its own: a process is charged, until its end, with the memory of the one that started it.
    _run([sys.executable, "-c", SHORTER_PASSWORD, address, told], surroundings)
    return told[:LETTERS]


def _medians(commands: Sequence[list[str]], surroundings: dict[str, str]) -> list[list[float]]:
    """Of each command's figures, the first run left out: it compiles, and nobody has started the program there yet."""
    runs = [[_figures(command, surroundings) for command in commands] for _ in range(RUNS + 1)][1:]
    return [list(map(median, zip(*(run[i] for run in runs), strict=True))) for i in range(len(commands))]


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
