"""Going to every place of the window, opening its dialogs: how long each holds the window's thread at a stretch."""

import gc
import os
import tempfile
import time
from pathlib import Path
from statistics import median

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QTableView

from benchmarks.figures import Figure, memory
from infusion_desktop.access.people import everybody
from infusion_desktop.access.pharmacy import profile
from infusion_desktop.access.roles import Role
from infusion_desktop.cli import main as command_line
from infusion_desktop.database.engine import Database
from infusion_desktop.database.engine import Place as DatabasePlace
from infusion_desktop.desktop import theme
from infusion_desktop.desktop.collector import Collector
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.idle import IdleWatch
from infusion_desktop.desktop.places import Place
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
        database = open_pharmacy(DatabasePlace.of(file))
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        qt = QApplication([])
        theme.install(qt, dark=False)
        watching = Scanner(qt), IdleWatch(qt), Collector(qt)
        read_all()
        gc.freeze()  # As the program does.
        runs = [longest_stretches(qt, database, Path(folder)) for _ in range(RUNS)]
        pressed = dialogs(qt, database, Path(folder))
        assert watching
        database.close()
    found = {place: median(run[place] for run in runs) for place in runs[0]}
    slowest = sorted(found, key=lambda place: found[place], reverse=True)
    figures = [Figure(f"going to “{place}”, at a stretch (cpu)", found[place], "ms", goal=GOAL_MS)
               for place in slowest[:SLOWEST]]  # fmt: skip
    others = slowest[SLOWEST:]
    figures.append(Figure(f"  the other {len(others)} places, at the most", found[others[0]], "ms", goal=GOAL_MS))
    longest = max(pressed, key=lambda name: pressed[name])
    told = f"opening a dialog: {longest}, the longest of {len(pressed)} kinds"
    figures.append(Figure(told, pressed[longest], "ms", goal=GOAL_MS))
    return [*figures, Figure("  memory after it", memory(), "MB")]


def longest_stretches(qt: QApplication, database: Database, folder: Path) -> dict[str, float]:
    """A new window goes to each place and waits until it is filled; the longest stretch of each in cpu ms."""
    shell, places = _window(database, folder)
    found: dict[str, float] = {}
    for place in places:
        kind = _kind(place)
        going, filling = _go(shell, place), _until_filled(qt, shell)
        found[place.title if kind is None else f"{place.title}: {kind}"] = max(going, filling) * 1000
    _leave(shell)
    return found


def dialogs(qt: QApplication, database: Database, folder: Path) -> dict[str, float]:
    """A new window presses every button of every place, its lists' first rows marked.

    The longest stretch of each kind of dialog that came of it, in cpu ms. What the buttons do is done to this database.
    """
    shell, places = _window(database, folder)
    found: dict[str, float] = {}
    pressed: set[tuple[str, str]] = set()
    for place in places:
        while (button := _next_button(qt, shell, place, pressed)) is not None:
            begun = time.thread_time()
            button.click()
            taken = max(time.thread_time() - begun, _until_filled(qt, shell))
            for dialog in _dialogs():
                name = type(dialog).__name__
                found[name] = max(found.get(name, 0), taken * 1000)
                dialog.done(QDialog.DialogCode.Rejected)
                dialog.hide()
            _until_filled(qt, shell)
            QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    _leave(shell)
    return found


def _next_button(qt: QApplication, shell: Shell, place: Place, pressed: set[tuple[str, str]]) -> QAbstractButton | None:
    _go(shell, place)
    _until_filled(qt, shell)
    screen = shell.stack.currentWidget()
    for table in screen.findChildren(QTableView):
        if table.isVisible() and not table.selectionModel().hasSelection():
            table.selectRow(0)
    _until_filled(qt, shell)
    for button in screen.findChildren(QAbstractButton):
        name = (place.key, f"{button.text()} {button.accessibleName()}")
        if button.isVisible() and button.isEnabled() and not button.isCheckable() and name not in pressed:
            pressed.add(name)
            return button
    return None


def _dialogs() -> list[QDialog]:
    return [each for each in QApplication.topLevelWidgets() if isinstance(each, QDialog) and each.isVisible()]


def _window(database: Database, folder: Path) -> tuple[Shell, tuple[Place, ...]]:
    with database.reading() as session:
        user = next(each for each in everybody(session) if Role.ADMINISTRATOR in each.roles)
        context = Context(
            database, user.id, user.name, frozenset(user.permissions), profile(session), folder, "here", folder
        )
    rooms = house(context)
    shell = Shell(context, rooms.places, searches=rooms.searches, name_scans=rooms.name_scans)
    shell.resize(1280, 800)
    shell.show()
    return shell, rooms.places


def _kind(place: Place) -> str | None:
    return next((kind for kind in place.opens if kind in RECORDS), None)


def _go(shell: Shell, place: Place) -> float:
    begun, kind = time.thread_time(), _kind(place)
    if kind is None:
        shell.go(place.key)
    else:
        shell.open(kind, 1)
    return time.thread_time() - begun


def _until_filled(qt: QApplication, shell: Shell) -> float:
    longest, quiet = 0.0, 0
    while quiet < 3:
        begun = time.thread_time()
        qt.processEvents()
        taken = time.thread_time() - begun
        longest, quiet = max(longest, taken), 0 if shell.jobs.running or taken > 0.002 else quiet + 1
        time.sleep(0.002)
    return longest


def _leave(shell: Shell) -> None:
    shell.close()
    shell.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()  # Nobody has four windows at once.
