"""A day of 300 deliveries of 25 lines: planned, reserved, shipped, and their manifests drawn as one PDF by a worker."""

import os
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from unittest import mock

from benchmarks.figures import Figure
from benchmarks.floors import bare_canvas, cpu_time, kit_by_hand
from benchmarks.kit_life import LINES, a_kit, a_patient, ready_stock
from infusion_desktop.access.passwords import hash_password
from infusion_desktop.access.people import add_person_with_hash
from infusion_desktop.access.roles import Role, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, today
from infusion_desktop.deliveries.batches import draw_batch, drawn_pages, print_deliveries
from infusion_desktop.deliveries.bench.picking import pick_all
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.bench.shipping import pack, ship
from infusion_desktop.deliveries.bench.verifying import verify_all
from infusion_desktop.deliveries.plans.planning import plan
from infusion_desktop.deliveries.schedule.dispatch_words import PaperKind
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.worker import Worker

DELIVERIES = 300
LOTS = 10_000


def measure() -> list[Figure]:
    """Planning in processor time; reserving and shipping against hand-written SQL in turns, wall time, every commit
    synced; drawing in the worker's processor time and memory."""
    with tempfile.TemporaryDirectory() as folder:
        database, boss = ready_stock(str(Path(folder) / "day.db"), LOTS)
        with database.transaction() as session:
            kept = hash_password("correct horse battery")
            tech = add_person_with_hash(session, "tech", "Tess Tech", kept, frozenset({Role.TECHNICIAN}), boss)
        therapies = [a_patient(database, boss, f"Abernathy {number}") for number in range(DELIVERIES)]
        kit, week = a_kit(database, boss), Days(today(), today() + timedelta(6))
        begun = time.process_time()
        ids = [plan(database, therapy, week, today(), {}, boss, template_id=kit) for therapy in therapies]
        planned = time.process_time() - begun
        ours, floor = _reserve_and_ship(database, ids, boss, tech, Path(folder))
        figures = [
            Figure(f"{DELIVERIES} deliveries planned, cpu", planned, "s", goal=3),
            Figure("  reserved and shipped", ours, "s", floor, ratio_goal=4),
            *_manifests(database, ids, boss),
        ]
        database.close()
    return figures


def _reserve_and_ship(
    database: Database, ids: list[DeliveryId], boss: UserId, tech: UserId, folder: Path
) -> tuple[float, float]:
    """Seconds of reserving and of shipping all of them, ours and by hand; what lies between is not counted."""
    by_hand = kit_by_hand(folder, LINES)
    drafts = [by_hand.create() for _ in ids]
    clock = time.perf_counter
    ours = floor = 0.0
    for delivery, draft in zip(ids, drafts, strict=True):
        begun = clock()
        by_hand.reserve(draft)
        floor += clock() - begun
        begun = clock()
        release(database, delivery, boss, override="a benchmark")
        ours += clock() - begun
        pick_all(database, delivery, tech)
        verify_all(database, delivery, boss)
        pack(database, delivery, 2, 1, tech)
        begun = clock()
        by_hand.ship(draft)
        floor += clock() - begun
        begun = clock()
        ship(database, delivery, tech)
        ours += clock() - begun
    return ours, floor


def _manifests(database: Database, ids: list[DeliveryId], by: UserId) -> list[Figure]:
    """The batch as the window draws it (see day_in_window for how the window answers meanwhile)."""
    import pypdfium2

    batch = print_deliveries(database, ids, [PaperKind.MANIFEST], by)
    seen: list[tuple[float, float]] = []
    watched = _watch_workers(seen)
    for _progress in draw_batch(database, batch, by):
        pass
    watched()
    cpu, memory = seen[-1]
    pages = len(pypdfium2.PdfDocument(drawn_pages(database, batch, by)))
    floor = cpu_time(lambda: bare_canvas(pages), 3)
    return [
        Figure(f"  manifests as one PDF of {pages:,} pages, the worker's cpu", cpu, "s", floor, ratio_goal=2),
        Figure("  most memory the worker held", memory, "MB", goal=150),
    ]


def _watch_workers(seen: list[tuple[float, float]]) -> Callable[[], None]:
    """Note processor time and most memory of a worker just before it is stopped."""
    stop = Worker.stop

    def noted(worker: Worker) -> None:
        if worker._process is not None:
            seen.append(_spent(worker._process.pid))
        stop(worker)

    patch = mock.patch.object(Worker, "stop", noted)
    patch.start()
    return patch.stop


def _spent(process: int) -> tuple[float, float]:
    """Seconds of processor time and MB of most memory, as Linux tells them."""
    ticks = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    status = Path(f"/proc/{process}/status").read_text()
    most = int(status.partition("VmHWM:")[2].split()[0])
    return (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK"), most / 1024
