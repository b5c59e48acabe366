"""Figures of the reports, reconciled with the ledger and with each other, on both engines."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from infusion_desktop.access.audit import record
from infusion_desktop.access.roles import Role, UserId
from infusion_desktop.access.tables import AuditEntry
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, now_utc, today
from infusion_desktop.errors import NotAllowed
from infusion_desktop.reporting.papers import log_export, run
from infusion_desktop.reporting.registry import REPORTS
from infusion_desktop.stock.ledger import NewMove, post
from infusion_desktop.stock.places import add_patient_home, place_id, set_up_places
from infusion_desktop.stock.tables import Item, Lot
from infusion_desktop.stock.words import ItemKind, LotId, MoveReason

PERIOD = Days(today() - timedelta(days=10), today())


@pytest.fixture
def shelf(database: Database, administrator: UserId) -> None:
    """100 units at $0.0345 came 30 days ago; 5 days ago 30 went home and 10 were lost; 7 lie in quarantine."""
    with database.transaction() as session:
        set_up_places(session, administrator)
        item = Item(number="T1", name="Tubing", kind=ItemKind.TUBING, reorder_point=61, par_level=90)
        session.add(item)
        session.flush()
        row = Lot(item_id=item.id, number="A", expires_on=today(), unit_cost=Decimal("0.0345"))
        session.add(row)
        session.flush()
        lot, home = LotId(row.id), add_patient_home(session, "P1", administrator)
        vendor, main, lost, quarantine = (place_id(session, c) for c in ("VENDOR", "MAIN", "LOST", "QUARANTINE"))
        before, within = now_utc() - timedelta(days=30), now_utc() - timedelta(days=5)
        arrival = [NewMove(lot, vendor, main, 100, MoveReason.RECEIVED)]
        post(session, arrival, "receipt", 1, administrator, before)
        out = [
            NewMove(lot, main, home, 30, MoveReason.DELIVERED),
            NewMove(lot, main, lost, 10, MoveReason.LOST),
            NewMove(lot, main, quarantine, 7, MoveReason.QUARANTINED),
        ]
        post(session, out, "delivery", 1, administrator, within)
        record(session, administrator, "receive", "receipt", 1)


@pytest.mark.usefixtures("shelf")
def test_stock_value_is_the_same_in_three_reports(database: Database, administrator: UserId) -> None:
    with database.reading() as session:
        value = run(session, "stock value", PERIOD, administrator)
        rolled = run(session, "roll-forward", PERIOD, administrator)
        expiring = run(session, "expiry", PERIOD, administrator)
    assert value.rows == (("Tubing", "T1", "Main store", 53, Decimal("1.83")),
                          ("Tubing", "T1", "Quarantine", 7, Decimal("0.24")))  # fmt: skip
    assert value.totals and rolled.totals and expiring.totals
    assert rolled.totals[2:] == (Decimal("3.45"), Decimal(0), Decimal("1.38"), Decimal("2.07"))
    assert value.totals[-1] == rolled.totals[-1] == expiring.totals[-1] == Decimal("2.07")


@pytest.mark.usefixtures("shelf")
def test_below_reorder_counts_only_what_may_be_used(database: Database, administrator: UserId) -> None:
    with database.reading() as session:
        assert run(session, "reorder", PERIOD, administrator).rows == (("Tubing", "T1", 53, 61, 90, 37),)


def test_every_report_runs_on_empty_books(database: Database, administrator: UserId) -> None:
    with database.reading() as session:
        found = {each.key: run(session, each.key, PERIOD, administrator).rows for each in REPORTS}
    trail = (found.pop("audit"), found.pop("audit by person"))
    assert not any(found.values()) and all(trail)


def test_reports_need_the_permission(database: Database, staff: dict[Role, UserId]) -> None:
    with database.reading() as session, pytest.raises(NotAllowed):
        run(session, "aging", PERIOD, staff[Role.TECHNICIAN])


def test_an_export_is_in_the_audit_trail(database: Database, administrator: UserId) -> None:
    log_export(database, "aging", Days(date(2026, 1, 1), date(2026, 1, 31)), "PDF", administrator)
    with database.reading() as session:
        after = session.scalars(select(AuditEntry.after).where(AuditEntry.action == "export report")).one()
    assert '"report":"aging"' in after and '"form":"PDF"' in after
