"""The page of a patient with three years of weekly deliveries: all that its screen asks, against an eighth of it."""

import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure, in_turns
from benchmarks.kit_life import a_patient, ready_stock
from infusion_desktop.access.roles import UserId
from infusion_desktop.billing.queries import patient_balance
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, today
from infusion_desktop.deliveries.calls.follow_ups import follow_ups
from infusion_desktop.deliveries.care.patient_glance import glance
from infusion_desktop.deliveries.lists import of_patient
from infusion_desktop.equipment.queries import at_place
from infusion_desktop.patients.labs import labs_of
from infusion_desktop.patients.queries import open_patient, therapy_calendars
from infusion_desktop.patients.words import PatientId

WEEKS = (20, 156)
PATIENT = PatientId(1)


def measure() -> list[Figure]:
    """Wall time of the whole look, with its entry in the audit trail."""
    taken = []
    for weeks in WEEKS:
        with tempfile.TemporaryDirectory() as folder:
            database, boss = ready_stock(str(Path(folder) / "patient.db"), 1_000)
            a_patient(database, boss)
            _history(database, weeks)
            (milliseconds,) = in_turns(lambda: _open(database, boss), runs=9, warm=2, clock=time.perf_counter)  # noqa: B023
            taken.append(milliseconds)
            database.close()
    return [
        Figure(f"patient's page, {WEEKS[-1]} weeks of deliveries", taken[-1], "ms", goal=150),
        Figure(f"  beside {WEEKS[0]} weeks", taken[-1], "ms", taken[0]),
    ]


def _open(database: Database, by: UserId) -> None:
    page = open_patient(database, PATIENT, by)
    with database.reading() as session:
        of_patient(session, PATIENT, today())
        glance(session, PATIENT, today())
        patient_balance(session, PATIENT)
        at_place(session, page.home_id, today())
        therapy_calendars(session, Days(today(), today()), PATIENT)
        labs_of(session, PATIENT)
        follow_ups(session, patient_id=PATIENT, done_too=True)


def _history(database: Database, weeks: int) -> None:
    """A delivery of 25 lines, a count of ten items and two tasks each week, written straight into the tables."""
    with database.engine.begin() as connection:
        numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {weeks}) "
        for statement in _HISTORY:
            connection.exec_driver_sql(numbers + statement)


_AT = "'2026-01-01T12:00:00.000000+00:00'"
_HISTORY = (
    f"""INSERT INTO delivery (id, number, patient_id, therapy_id, state, period_first, period_last, scheduled_on,
        window, carrier, tracking, instructions, note, totes, cold_packs, counted_with, printed, shipped_at,
        delivered_at, version)
    SELECT i, 'D' || i, 1, 1, 'delivered', date('2023-01-01', (7 * i) || ' days'),
        date('2023-01-01', (7 * i + 6) || ' days'), date('2023-01-01', (7 * i) || ' days'),
        '', 'own driver', '', '', '', 1, 0, '', 1, {_AT}, {_AT}, 1 FROM n""",
    """INSERT INTO delivery_line (delivery_id, item_id, position, needed, at_home, to_send, why, change_reason, owed)
    SELECT n.i, l.id, l.id, 4, 0, 4, '', '', 0 FROM n JOIN item l ON l.id <= 25""",
    """INSERT INTO delivery_lot (delivery_id, line_id, lot_id, location_id, quantity, picked, verified, came_back)
    SELECT l.delivery_id, l.id, l.item_id + 300 * (l.delivery_id % 3), 5, 4, 4, 4, 0
    FROM delivery_line l WHERE l.delivery_id IN (SELECT i FROM n)""",
    f"""INSERT INTO delivery_step (delivery_id, step, staff_id, effective_at, recorded_at, note)
    SELECT n.i, 'ship', 1, {_AT}, {_AT}, '' FROM n""",
    f"""INSERT INTO home_count (patient_id, item_id, counted_on, quantity, told_by, recorded_at, staff_id)
    SELECT 1, l.id, date('2023-01-01', (7 * n.i) || ' days'), 3, 'Ann', {_AT}, 1 FROM n JOIN item l ON l.id <= 10""",
    f"""INSERT INTO follow_up (patient_id, kind, title, due_on, done_at, done_by, outcome, version)
    SELECT 1, 'call', 'Call', date('2023-01-01', (7 * n.i) || ' days'), {_AT}, 1, '', 1 FROM n""",
    """INSERT INTO balance (lot_id, location_id, item_id, expires_on, usable, on_hand, reserved)
    SELECT l.id, (SELECT home_id FROM patient WHERE id = 1), l.item_id, l.expires_on, 0, n.i * 0 + 4, 0
    FROM n JOIN lot l ON l.item_id <= 25 WHERE n.i = 1""",
)
