"""Going to every place of the window for the first time: how long it holds the window's thread at a stretch."""

import os
import tempfile
import time
from pathlib import Path
from statistics import median

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from benchmarks.figures import Figure, memory
from infusion_desktop.access.people import everybody
from infusion_desktop.access.pharmacy import profile
from infusion_desktop.access.roles import Role
from infusion_desktop.cli import main as command_line
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.desktop import theme
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.idle import IdleWatch
from infusion_desktop.desktop.rooms import house, read_all
from infusion_desktop.desktop.scanner import Scanner
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.opening import open_pharmacy

RUNS = 3
SLOWEST = 6
GOAL_MS = 100
RECORDS = ("patient", "delivery", "claim", "purchase order", "kit", "asset", "item", "refill call", "supply plan")
"""Kinds of records of which the first is opened, each on the place that shows it."""


def measure() -> list[Figure]:
    """Processor time of the window's thread, which a loaded machine disturbs least; all screens are read before."""
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "pharmacy.db")
        if command_line(["--database", file, "demo", "--size", "standard"]):
            raise SystemExit("the demonstration could not be made")
        database = open_pharmacy(Place.of(file))
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        qt = QApplication([])
        theme.install(qt, dark=False)
        watching = Scanner(qt), IdleWatch(qt)
        read_all()
        runs = [longest_stretches(qt, database, Path(folder)) for _ in range(RUNS)]
        assert watching
        database.close()
    found = {place: median(run[place] for run in runs) for place in runs[0]}
    slowest = sorted(found, key=lambda place: found[place], reverse=True)
    figures = [Figure(f"going to “{place}”, at a stretch (cpu)", found[place], "ms", goal=GOAL_MS)
               for place in slowest[:SLOWEST]]  # fmt: skip
    others = slowest[SLOWEST:]
    figures.append(Figure(f"  the other {len(others)} places, at the most", found[others[0]], "ms", goal=GOAL_MS))
    return [*figures, Figure("  memory after it", memory(), "MB")]


def longest_stretches(qt: QApplication, database: Database, folder: Path) -> dict[str, float]:
    """A new window goes to each place and waits until it is filled; the longest stretch of each in cpu ms."""
    with database.reading() as session:
        user = next(each for each in everybody(session) if Role.ADMINISTRATOR in each.roles)
        context = Context(
            database, user.id, user.name, frozenset(user.permissions), profile(session), folder, "here", folder
        )
    rooms = house(context)
    shell = Shell(context, rooms.places, searches=rooms.searches, name_scans=rooms.name_scans)
    shell.resize(1280, 800)
    shell.show()
    found: dict[str, float] = {}
    for place in rooms.places:
        kind = next((kind for kind in place.opens if kind in RECORDS), None)
        begun = time.thread_time()
        if kind is None:
            shell.go(place.key)
        else:
            shell.open(kind, 1)
        longest, quiet = time.thread_time() - begun, 0
        while quiet < 3:
            begun = time.thread_time()
            qt.processEvents()
            taken = time.thread_time() - begun
            longest, quiet = max(longest, taken), 0 if shell.jobs.running or taken > 0.002 else quiet + 1
            time.sleep(0.002)
        found[place.title if kind is None else f"{place.title}: {kind}"] = longest * 1000
    shell.close()
    shell.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return found
