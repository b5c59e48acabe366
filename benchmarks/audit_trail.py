"""An audit trail of a million entries: proven from end to end, and asked who saw one patient."""

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Table, insert, select, update

from benchmarks.figures import Figure
from infusion_desktop.access.audit import first_broken_entry, seal_of
from infusion_desktop.access.people import add_first_administrator
from infusion_desktop.access.queries import audit_rows
from infusion_desktop.access.roles import AuditKind
from infusion_desktop.access.tables import AuditEntry, AuditHead
from infusion_desktop.database.engine import Database, Place, open_engine
from infusion_desktop.opening import open_pharmacy

ENTRIES = 1_000_000
PATIENTS = 4_000
_TOGETHER = 20_000
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_ENTRY, _HEAD = cast(Table, AuditEntry.__table__), cast(Table, AuditHead.__table__)


def measure() -> list[Figure]:
    """Seconds on this machine: the whole chain checked, and the list of who saw or changed a patient (C6, C7)."""
    with tempfile.TemporaryDirectory() as folder:
        database = open_pharmacy(Place.of(str(Path(folder) / "trail.db")))
        add_first_administrator(database, "admin", "Ada Min", "correct horse battery")
        fill(database, ENTRIES)
        seconds, broken = _timed(lambda: _proven(database))
        assert broken is None
        asked, rows = _timed(lambda: _who_saw(database, 7))
        assert rows >= ENTRIES // PATIENTS
        database.close()
    return [
        Figure(f"audit trail of {ENTRIES:,} entries proven", seconds * 1000, "ms", goal=30_000),
        Figure(f"  who saw a patient, {rows} entries found", asked * 1000, "ms", goal=2_000),
    ]


def _proven(database: Database) -> int | None:
    with database.reading() as session:
        return first_broken_entry(session)


def _who_saw(database: Database, patient: int) -> int:
    with database.reading() as session:
        return len(audit_rows(session, patient_id=patient))


def _timed(work: Any) -> tuple[float, Any]:
    begun = time.perf_counter()
    answer = work()
    return time.perf_counter() - begun, answer


def fill(database: Database, entries: int) -> None:
    """Entries as deeds write them, sealed one after the other, put straight into the table."""
    with database.reading() as session:
        head = session.execute(select(_HEAD.c.number, _HEAD.c.seal, _HEAD.c.secret)).one()
    engine, last = open_engine(database.place, guarded=False), head.seal
    rows: list[dict[str, Any]] = []
    for row in _entries(head.number, entries):
        last = row["seal"] = seal_of(head.secret, last, row)
        rows.append(row)
        if len(rows) == _TOGETHER or row["number"] == head.number + entries:
            with engine.begin() as connection:
                connection.execute(insert(_ENTRY), rows)
                connection.execute(update(_HEAD).values(number=row["number"], seal=last))
            rows = []
    engine.dispose()


def _entries(after: int, entries: int) -> Iterator[dict[str, Any]]:
    for number in range(after + 1, after + entries + 1):
        is_view = number % 3 == 0
        yield {
            "number": number,
            "kind": AuditKind.VIEW if is_view else AuditKind.CHANGE,
            "at": BEGAN + timedelta(seconds=number),
            "staff_id": 1,
            "workstation": "bench-1",
            "action": "open" if is_view else "verify",
            "subject": "patient" if is_view else "delivery",
            "subject_id": number,
            "patient_id": number % PATIENTS + 1,
            "before": "{}",
            "after": "{}" if is_view else '{"line":12,"state":"verified"}',
            "reason": "",
        }
