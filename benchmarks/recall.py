"""A recall over a ledger of a million moves: lots held, and the page with every place, kit and patient it reached."""

import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks.figures import Figure, in_turns
from benchmarks.kit_life import a_patient, ready_stock
from infusion_desktop.access.roles import UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.deliveries.scarce.recall_queries import recall_page
from infusion_desktop.stock.scarce.recall import open_recall
from infusion_desktop.stock.words import ItemId, LocationKind, MoveReason, RecallId

LOTS = 20_000
LINES = 25
PATIENTS = 500
SIZES = (2_000, 20_000)
"""Deliveries: 100,000 and 1,000,000 moves (each line shipped and delivered)."""


def measure() -> list[Figure]:
    """Processor time of opening the recall's page for a lot that was sent most; what grows is only what it reached."""
    taken, patients, moves = [], 0, 0
    for deliveries in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            database, boss = ready_stock(str(Path(folder) / "recall.db"), LOTS)
            a_patient(database, boss)
            moves = years_of_work(database, deliveries)
            recall = open_recall(database, ItemId(1), ["L0"], "leaks", "notice 1", boss)

            (milliseconds,) = in_turns(partial(_look, database, recall), runs=5, warm=1, clock=time.process_time)
            patients = _look(database, recall)
            hold = _time_to_hold(database, boss)
            taken.append(milliseconds)
            database.close()
    return [
        Figure(f"recall of a lot, {moves:,} moves, {patients} patients listed, cpu", taken[-1], "ms", goal=500),
        Figure("  growth from a tenth of the moves, as many patients", taken[-1], "ms", taken[0], ratio_goal=1.2),
        Figure("  opening it: the lot held everywhere, cpu", hold, "ms", goal=500),
    ]


def _look(database: Database, recall: RecallId) -> int:
    """The recall's page; how many patients it lists."""
    with database.reading() as session:
        return len(recall_page(session, recall).patients)


def _time_to_hold(database: Database, boss: UserId) -> float:
    begun = time.process_time()
    open_recall(database, ItemId(2), ["L1"], "leaks", "notice 2", boss)
    return (time.process_time() - begun) * 1000


def years_of_work(database: Database, deliveries: int) -> int:
    """So many deliveries of 25 lines, shipped and delivered, written straight into the tables; how many moves.

    The first lot of the first item goes to as many patients in a short history as in a long one.
    """
    with database.engine.begin() as connection:
        run = connection.exec_driver_sql
        columns = [row[1] for row in run("PRAGMA table_info(patient)") if row[1] not in ("id", "number", "home_id")]
        named, copied = ", ".join(columns), ", ".join(f"p.{column}" for column in columns)
        numbers = "WITH RECURSIVE n(i) AS (SELECT {0} UNION ALL SELECT i + 1 FROM n WHERE i < {1}) "
        run(numbers.format(2, PATIENTS) + _HOMES)
        run(
            f"{numbers.format(2, PATIENTS)} INSERT INTO patient (id, number, home_id, {named}) "
            f"SELECT n.i, 'B' || n.i, l.id, {copied} FROM n JOIN location l ON l.code = 'HOME-B' || n.i "
            "JOIN patient p ON p.id = 1"
        )
        run(numbers.format(1, deliveries) + _DELIVERIES.format(patients=PATIENTS))
        run(numbers.format(1, LINES) + _LINES)
        run(_LOTS.format(lots=LOTS, patients=PATIENTS))
        for reason, source, target in _MOVES:
            run(_MOVE.format(reason=reason.value, source=source, target=target))
        run(_AT_HOMES)
        return int(run("SELECT count(*) FROM move").scalar_one())


_HOMES = f"""
INSERT INTO location (code, name, kind, pick_order, version)
SELECT 'HOME-B' || i, 'Home ' || i, '{LocationKind.PATIENT_HOME.value}', 0, 1 FROM n
"""
_DELIVERIES = """
INSERT INTO delivery (id, number, patient_id, state, period_first, period_last, scheduled_on, window, carrier, tracking,
                      instructions, note, totes, cold_packs, counted_with, printed, delivered_at, version)
SELECT i, 'D' || i, 1 + i % {patients}, 'delivered', '2026-01-01', '2026-01-07', '2026-01-01', '', 'own driver', '',
       '', '', 1, 0, '', 1, '2026-01-01T12:00:00.000000+00:00', 1 FROM n
"""
_LINES = """
INSERT INTO delivery_line (delivery_id, item_id, position, needed, at_home, to_send, why, change_reason, owed)
SELECT d.id, n.i, n.i, 4, 0, 4, '', '', 0 FROM delivery d CROSS JOIN n
"""
# Lot 1 belongs to item 1 and goes to each patient once; other lines take any other lot.
_LOTS = """
INSERT INTO delivery_lot (delivery_id, line_id, lot_id, location_id, quantity, picked, verified, came_back)
SELECT l.delivery_id, l.id,
       CASE WHEN l.item_id = 1 AND l.delivery_id <= {patients} THEN 1
            ELSE 2 + (l.id * 7919) % ({lots} - 1) END,
       (SELECT id FROM location WHERE code = 'MAIN'), 4, 4, 4, 0
FROM delivery_line l
"""
_MOVES = (
    (
        MoveReason.SHIPPED,
        "(SELECT id FROM location WHERE code = 'MAIN')",
        "(SELECT id FROM location WHERE code = 'TRANSIT')",
    ),
    (MoveReason.DELIVERED, "(SELECT id FROM location WHERE code = 'TRANSIT')", "p.home_id"),
)
_MOVE = """
INSERT INTO move (lot_id, from_id, to_id, quantity, reason, note, document, document_id, effective_at, recorded_at,
                  staff_id)
SELECT dl.lot_id, {source}, {target}, 4, '{reason}', '', 'delivery', d.id, '2026-01-01T12:00:00.000000+00:00',
       '2026-01-01T12:00:00.000000+00:00', 1
FROM delivery_lot dl JOIN delivery d ON d.id = dl.delivery_id JOIN patient p ON p.id = d.patient_id
"""
_AT_HOMES = """
INSERT INTO balance (lot_id, location_id, item_id, expires_on, usable, on_hand, reserved)
SELECT m.lot_id, m.to_id, l.item_id, l.expires_on, 0, sum(m.quantity), 0
FROM move m JOIN lot l ON l.id = m.lot_id JOIN patient p ON p.home_id = m.to_id GROUP BY m.lot_id, m.to_id
"""
