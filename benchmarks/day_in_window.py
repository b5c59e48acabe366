"""A day of 300 deliveries worked beside a real window: how long the window answers nothing at most, stage by stage."""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from benchmarks.kit_life import a_kit, a_patient, ready_stock
from infusion_desktop.access.passwords import hash_password
from infusion_desktop.access.people import add_person_with_hash
from infusion_desktop.access.roles import Permission, Role, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, today
from infusion_desktop.deliveries.batches import print_deliveries
from infusion_desktop.deliveries.bench.picking import pick_all
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.bench.shipping import pack
from infusion_desktop.deliveries.bench.verifying import verify_all
from infusion_desktop.deliveries.bench.waves import ship_many
from infusion_desktop.deliveries.plans.planning import plan
from infusion_desktop.deliveries.schedule.dispatch_words import PaperKind
from infusion_desktop.deliveries.words import DeliveryId

DELIVERIES = 300
LOTS = 10_000
TICK_MS = 5
REST_SECONDS = 3.0
MOST_MS = 100
"""No gap of the event loop is longer: the goal of the issue on deliveries."""


def measure() -> list[Figure]:
    """The longest gap between two turns of the window's event loop, the schedule's day board in front, while its
    workers plan and reserve, pick to pack, hand over, and draw all manifests, and the board shows it afterwards; beside
    the same at rest."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        database, boss = ready_stock(str(Path(folder) / "day.db"), LOTS)
        with database.transaction() as session:
            kept = hash_password("correct horse battery")
            tech = add_person_with_hash(session, "tech", "Tess Tech", kept, frozenset({Role.TECHNICIAN}), boss)
        therapies = [a_patient(database, boss, f"Abernathy {number}") for number in range(DELIVERIES)]
        kit, week = a_kit(database, boss), Days(today(), today() + timedelta(6))
        ids: list[DeliveryId] = []

        def planned() -> None:
            for therapy in therapies:
                ids.append(plan(database, therapy, week, today(), {}, boss, template_id=kit))
                release(database, ids[-1], boss, override="a benchmark")

        def packed() -> None:
            for each in ids:
                pick_all(database, each, tech)
                verify_all(database, each, boss)
                pack(database, each, 2, 1, tech)

        watch = _Window(database, boss, Path(folder))
        rest = watch.longest(lambda: time.sleep(REST_SECONDS))
        stages: tuple[tuple[str, Callable[[], _Gap]], ...] = (
            (f"{DELIVERIES} deliveries planned and reserved", lambda: watch.longest(planned)),
            ("picked, verified and packed", lambda: watch.longest(packed)),
            ("handed over together", lambda: watch.longest(lambda: ship_many(database, ids, tech))),
            ("their manifests drawn", lambda: watch.longest_while_drawn(
                print_deliveries(database, ids, [PaperKind.MANIFEST], boss))),
        )  # fmt: skip
        figures = []
        for what, work in stages:
            gap = work()
            figures += [
                Figure(f"longest gap of the window: {what}; at rest", gap.clock, "ms", rest.clock, goal=MOST_MS),
                Figure("  our cpu in it", gap.cpu, "ms"),
            ]
        watch.close()
        database.close()
    return figures


@dataclass(frozen=True, slots=True)
class _Gap:
    """The longest time between two turns, in milliseconds: of processor time this process used, and on the clock.

    Neighbours on the machine lengthen only the clock's.
    """

    cpu: float
    clock: float


class _Window:
    """The program's window with the day board in front, and a tick that notes how long it had to wait."""

    def __init__(self, database: Database, by: UserId, folder: Path) -> None:
        from PySide6.QtCore import QTimer
        from PySide6.QtWidgets import QApplication

        from infusion_desktop.desktop import theme
        from infusion_desktop.desktop.collector import Collector
        from infusion_desktop.desktop.context import Context
        from infusion_desktop.desktop.rooms import house
        from infusion_desktop.desktop.shell import Shell

        self.qt: Any = QApplication.instance() or QApplication([])
        theme.install(self.qt, dark=False)
        self.context = Context(database, by, "Ada Min", frozenset(Permission), None, folder)
        rooms = house(self.context)
        self.shell = Shell(self.context, rooms.places, searches=rooms.searches, name_scans=rooms.name_scans)
        self.collector = Collector(self.shell)
        self.shell.resize(1280, 800)
        self.shell.show()
        self.shell.open("schedule", today())
        self.cpu = self.clock = 0.0
        self.last = (time.process_time(), time.perf_counter())
        self.tick = QTimer(self.shell)
        self.tick.setInterval(TICK_MS)
        self.tick.timeout.connect(self._ticked)
        self._turn_until(lambda: not self.shell.jobs.running)

    def longest(self, work: Callable[[], object]) -> _Gap:
        """How long the loop stood still at most while a worker of the window does the work."""
        over: list[object] = []

        def done(result: object) -> None:
            over.append(result)
            self.shell.changes.announce("deliveries", "stock")

        def failed(error: Exception) -> None:
            raise error

        return self._watched(
            lambda: self.shell.jobs.run(self.shell, work, done, failed, text="A day"),
            lambda: bool(over) and not self.shell.jobs.running,
        )

    def longest_while_drawn(self, batch: Any) -> _Gap:
        """The same while the printing dialog draws a batch in its process."""
        from infusion_desktop.desktop.deliveries.print_dialogs import BatchDialog

        dialog = BatchDialog(self.context, self.shell.desk, batch, self.shell)
        dialog.open()
        found = self._watched(dialog.start, lambda: dialog.done_button.isVisible())
        dialog.close()
        return found

    def close(self) -> None:
        """Put everything away."""
        self.shell.jobs.close()
        self.shell.close()

    def _watched(self, start: Callable[[], object], is_over: Callable[[], bool]) -> _Gap:
        self.cpu = self.clock = 0.0
        self.last = (time.process_time(), time.perf_counter())
        self.tick.start()
        start()
        self._turn_until(is_over)
        self.tick.stop()
        self._turn_until(lambda: not self.shell.jobs.running)
        return _Gap(self.cpu * 1000, self.clock * 1000)

    def _ticked(self) -> None:
        cpu, clock = time.process_time(), time.perf_counter()
        self.cpu, self.clock = max(self.cpu, cpu - self.last[0]), max(self.clock, clock - self.last[1])
        self.last = (cpu, clock)

    def _turn_until(self, is_over: Callable[[], bool]) -> None:
        from PySide6.QtCore import QEventLoop, QTimer

        loop, look = QEventLoop(), QTimer()
        look.setInterval(20)
        look.timeout.connect(lambda: loop.quit() if is_over() else None)
        look.start()
        loop.exec()
        look.stop()
