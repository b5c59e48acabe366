"""The same figure from two reports is the same: on the demonstration pharmacy, month by month and over odd periods."""

import random
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import aliased

from infusion_desktop.access.audit import record
from infusion_desktop.access.people import UserId, everybody
from infusion_desktop.access.roles import Role
from infusion_desktop.access.tables import AuditEntry, Staff
from infusion_desktop.billing.money.aging import AgingBy, aging_by
from infusion_desktop.billing.money.aging import total as aged_total
from infusion_desktop.billing.money.deposits import deposits
from infusion_desktop.billing.money.equipment_charges import charge_entries, charges_owed, pay_charges
from infusion_desktop.billing.money.equipment_charging import charge
from infusion_desktop.billing.money.patient_money import owed_by, patients_owing
from infusion_desktop.billing.money.statements import write_statement
from infusion_desktop.billing.tables import LedgerEntry, Remittance, RemittanceItem
from infusion_desktop.billing.words import Account, EntryKind
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.dates import ONE_DAY, Days, month_of, now_utc, today
from infusion_desktop.deliveries.door.proof import proof_gaps
from infusion_desktop.deliveries.tables import Delivery, DeliveryStep, ProofOfDelivery
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.equipment.custody import report_lost
from infusion_desktop.equipment.queries import board
from infusion_desktop.equipment.words import AssetState, ChargeKind
from infusion_desktop.errors import NotAllowed
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.patients.tables import Payer
from infusion_desktop.reporting.dashboard import money_figures
from infusion_desktop.reporting.papers import run
from infusion_desktop.reporting.registry import REPORTS
from infusion_desktop.reporting.report import Ask, Choice, Found
from infusion_desktop.reporting.stock_lists import never_below_zero
from infusion_desktop.stock import verify as stock_verify
from infusion_desktop.stock.tables import Item, Lot, Move
from infusion_desktop.stock.words import MoveReason
from reports.table_report import Kind
from tests.conftest import Demonstrations
from tests.meddling import meddling
from tests.reporting.agreement import (
    lists_agree_with_what_counts_them,
    shared_figures_agree,
    stock_is_worth_the_same,
    total,
)


@pytest.fixture(scope="module")
def pharmacy(demonstrations: Demonstrations) -> Iterator[Database]:
    with demonstrations() as place:
        database = open_pharmacy(place)
        _charge_for_a_lost_pump(database)
        yield database
        database.close()


def _charge_for_a_lost_pump(database: Database) -> None:
    """What patients owe for equipment is on no claim, and in what is owed all the same."""
    with database.reading() as session:
        by = next(person.id for person in everybody(session) if Role.ADMINISTRATOR in person.roles)
        pump = next(row for row in board(session, today()) if row.state is AssetState.WITH_PATIENT)
    report_lost(database, pump.id, "left in a hotel", by)
    charge(database, pump.id, ChargeKind.LOST, Decimal("950.00"), "not returned", by)
    with database.reading() as session:
        (owed,) = charges_owed(session)
    with database.transaction() as session:
        pay_charges(session, [(owed.id, Decimal("150.00"))], "card", today(), by, now_utc())
        record(session, by, "take", "patient payment", patient_id=owed.patient_id)


@pytest.fixture(scope="module")
def administrator(pharmacy: Database) -> UserId:
    with pharmacy.reading() as session:
        return next(person.id for person in everybody(session) if Role.ADMINISTRATOR in person.roles)


def periods() -> list[Days]:
    """This month, the one before, a year, one day, and random ones."""
    this = month_of(today())
    before = month_of(this.first - ONE_DAY)
    chance = random.Random(7)
    firsts = [today() - timedelta(days=chance.randrange(0, 200)) for _ in range(6)]
    some = [Days(first, first + timedelta(days=chance.randrange(0, 70))) for first in firsts]
    return [this, before, Days(today() - timedelta(days=365), today()), Days(today(), today()), *some]


@pytest.mark.parametrize("period", periods(), ids=str)
def test_shared_figures_agree(pharmacy: Database, administrator: UserId, period: Days) -> None:
    with pharmacy.reading() as session:
        shared_figures_agree(session, period, administrator)


@pytest.mark.parametrize("period", periods(), ids=str)
def test_rows_add_up_to_their_totals(pharmacy: Database, administrator: UserId, period: Days) -> None:
    """Every column of money adds up to the cent, in every report that prints a total of it."""
    not_sums = {"A day", "A day in use"}
    of_lines = {"margin by patient", "margin by therapy", "margin by therapy class", "margin by payer", "margin by kit",
                "days by code"}  # fmt: skip
    with pharmacy.reading() as session:
        for each in REPORTS:
            found = run(session, each.key, period, administrator)
            for place, column in enumerate(found.columns):
                if column.kind is not Kind.MONEY or column.title in not_sums or found.totals is None:
                    continue
                if found.totals[place] is None:
                    continue
                added = sum((Decimal(str(row[place] or 0)) for row in found.rows), Decimal(0))
                allowed = Decimal("0.01") * len(found.rows) if each.key in of_lines else Decimal(0)
                assert abs(added - Decimal(str(found.totals[place]))) <= allowed, (each.key, column.title)


def test_a_report_narrowed_to_each_choice_adds_up_to_all(pharmacy: Database, administrator: UserId) -> None:
    period = Days(today() - timedelta(days=365), today())
    names = {"charges": "Charged", "receivables": "Closing", "dso": "Owed", "underpayments": "Paid short",
             "days by code": "Days", "days to bill": "Charged", "usage by item": "Cost", "usage by therapy": "Cost",
             "refills": "Refills"}  # fmt: skip
    with pharmacy.reading() as session:
        payers = set(session.scalars(select(Payer.name)))
        payers |= {str(row[0]) for row in run(session, "receivables", period, administrator).rows}
        classes = {str(row[0]) for row in run(session, "usage by therapy", period, administrator).rows}
        for key, title in names.items():
            report = next(each for each in REPORTS if each.key == key)
            whole = total(run(session, key, period, administrator), title)
            choices = [Choice(payer=name) for name in payers] if Ask.PAYER in report.asks else [
                Choice(therapy_class=name) for name in classes]  # fmt: skip
            parts = [total(run(session, key, period, administrator, choice), title) for choice in choices]
            assert sum(parts) == whole, key
    assert payers and classes


def test_the_ledgers_bear_the_reports_out(pharmacy: Database, administrator: UserId) -> None:
    period = Days(today() - timedelta(days=400), today())
    with pharmacy.reading() as session:
        owed = session.scalar(select(func.sum(LedgerEntry.amount)))
        for_equipment = sum(each.owed for each in charges_owed(session))
        assert for_equipment == 800
        assert total(run(session, "receivables", period, administrator), "Closing") == owed + for_equipment
        steps = session.scalar(select(func.count()).select_from(DeliveryStep))
        assert total(run(session, "productivity by day", period, administrator), "Deliveries") == steps
        entries = session.scalar(select(func.count()).select_from(AuditEntry))
        assert total(run(session, "audit", period, administrator), "Entries") == entries


@pytest.mark.parametrize("period", periods(), ids=str)
def test_stock_is_worth_the_same_everywhere(pharmacy: Database, administrator: UserId, period: Days) -> None:
    with pharmacy.reading() as session:
        stock_is_worth_the_same(session, period, administrator)


@pytest.mark.parametrize("period", periods(), ids=str)
def test_lists_agree_with_what_counts_them(pharmacy: Database, administrator: UserId, period: Days) -> None:
    with pharmacy.reading() as session:
        lists_agree_with_what_counts_them(session, period, administrator)


def test_money_and_units_agree_with_the_ledgers(pharmacy: Database, administrator: UserId) -> None:
    period = Days(today() - timedelta(days=400), today())
    with pharmacy.reading() as session:

        def ask(key: str) -> Found:
            return run(session, key, period, administrator)

        waiting = {"draft", "ready to send", "ready", "batched", "voided"}
        left = sum(Decimal(str(row[2])) for row in ask("claims").rows if row[0] not in waiting)
        for_equipment = sum(amount for _, kind, amount in charge_entries(session, today()) if kind is EntryKind.CHARGE)
        assert total(ask("charges"), "Net") == left + for_equipment, "net charges are what stands on claims that left"
        undone = aliased(LedgerEntry)
        is_payment = (LedgerEntry.kind == EntryKind.PAYMENT) | (undone.kind == EntryKind.PAYMENT)
        paid = select(-func.sum(LedgerEntry.amount)).outerjoin(undone, undone.id == LedgerEntry.reverses_id)
        told = session.scalar(select(-func.sum(LedgerEntry.amount)).where(LedgerEntry.kind == EntryKind.PAYMENT))
        by_patients = -sum(amount for _, kind, amount in charge_entries(session, today()) if kind is EntryKind.PAYMENT)
        assert total(ask("payments"), "Paid") == told + by_patients
        month = month_of(today())
        collected = money_figures(session, today(), months=1)[0].collected
        assert collected == total(run(session, "payments", month, administrator), "Paid")
        through = session.scalar(paid.where(is_payment, LedgerEntry.remittance_id.is_not(None)))
        brought = session.scalar(select(func.sum(Remittance.amount))) or Decimal(0)
        besides = session.scalar(select(func.sum(RemittanceItem.amount))) or Decimal(0)
        assert through == brought - besides, "payments are what remittances brought"
        tied = select(Remittance.id).where(Remittance.deposit_id.is_not(None))
        posted = session.scalar(paid.where(is_payment, LedgerEntry.remittance_id.in_(tied)))
        beside = select(func.sum(RemittanceItem.amount)).where(RemittanceItem.remittance_id.in_(tied))
        banked = sum(row.posted for row in deposits(session, limit=10_000))
        assert banked == posted + (session.scalar(beside) or Decimal(0)) > 0, "deposits are the payments they brought"
        screen = aged_total(aging_by(session, today(), AgingBy.PAYER))
        assert total(ask("aging"), "Owed") == screen.total == total(ask("receivables"), "Closing")
        shipped, back = (
            session.scalar(select(func.sum(Move.quantity)).where(Move.document == "delivery", Move.reason.in_(reasons)))
            for reasons in ((MoveReason.SHIPPED,), (MoveReason.REFUSED, MoveReason.RETURNED))
        )
        assert total(ask("usage by item"), "Units") == shipped - (back or 0), "usage is what the ledger says left"


def test_every_gap_in_a_proof_is_found(pharmacy: Database, administrator: UserId) -> None:
    """The list asks the rule about few deliveries; it finds what asking about all of them finds."""
    chance = random.Random(11)
    period = Days(today() - timedelta(days=400), today())
    with meddling(pharmacy.place) as books:  # Proofs are never changed; these stand for badly kept ones.
        ids = [row[0] for row in books.execute(select(ProofOfDelivery.id))]
        names = [row[0].upper() for row in books.execute(select(Staff.name))]
        table = ProofOfDelivery.__table__
        for change in (
            {"received_by": " "},
            {"relation": ""},
            {"signature": None},
            {"received_by": names[0]},
            {"received_by": "Łucja"},
            {"signed_on": today() - timedelta(days=900)},
        ):
            books.execute(update(table).where(table.c.id.in_(chance.choices(ids, k=5))).values(**change))
        books.execute(update(Delivery.__table__).where(Delivery.id.in_(chance.choices(ids, k=9))).values(tracking=""))
    with pharmacy.reading() as session:
        arrived = select(Delivery.id).where(Delivery.state == DeliveryState.DELIVERED)
        everything = proof_gaps(session, [DeliveryId(each) for each in session.scalars(arrived)], today())
        assert len(run(session, "proof", period, administrator).rows) == len(everything) > 5


def test_the_proof_finds_what_went_below_zero_and_what_differs(
    one_demonstration: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two entries meddled with: one takes more than there was, one brings less than the balance says."""
    database = open_pharmacy(one_demonstration)
    with database.reading() as session:
        right = never_below_zero(session, month_of(today()))
        there = session.execute(
            select(Move.id, Move.to_id, Move.quantity, Item.name)
            .join(Lot, Lot.id == Move.lot_id)
            .join(Item, Item.id == Lot.item_id)
            .where(Move.reason == MoveReason.RECEIVED)
            .order_by(Move.id)
        ).all()
        taken = session.execute(
            select(Move.id, Item.name)
            .join(Lot, Lot.id == Move.lot_id)
            .join(Item, Item.id == Lot.item_id)
            .where(Move.reason == MoveReason.SHIPPED)
            .order_by(Move.id)
        ).first()
    database.close()
    assert {row[5] for row in right.rows} == {"right"} and taken is not None
    fewer = next(row for row in reversed(there) if row.name != taken.name and row.quantity > 1)
    with meddling(one_demonstration) as books:
        books.execute(update(Move.__table__).where(Move.id == taken.id).values(quantity=10_000_000))
        books.execute(update(Move.__table__).where(Move.id == fewer.id).values(quantity=fewer.quantity - 1))
    database = open_pharmacy(one_demonstration)
    with database.reading() as session:
        rows = {row[0]: row for row in never_below_zero(session, month_of(today())).rows}
        told = stock_verify.problems(session)
        monkeypatch.setattr(stock_verify, "_AT_ONCE", 100)
        assert sorted(stock_verify.problems(session)) == sorted(told), "by parts as in one"
    database.close()
    assert sum("more than the balance" in each for each in told) == 3
    assert rows[taken.name][5] == "below zero" and rows[taken.name][3] < -9_000_000 and rows[taken.name][4] == 2
    assert rows[fewer.name][4] == 1 and rows[fewer.name][5] in ("differs", "below zero")
    assert sum(row[4] for row in rows.values()) == 3


def test_the_demonstration_fills_nearly_every_report(pharmacy: Database, administrator: UserId) -> None:
    period = Days(today() - timedelta(days=365), today())
    with pharmacy.reading() as session:
        empty = {each.key for each in REPORTS if not run(session, each.key, period, administrator).rows}
    lists = {"dead stock", "short", "below par", "vendor credits", "backorder", "late orders", "reorder", "on time"}
    assert empty <= lists | {
        "never below zero",
        "set aside",
        "recalls",
        "underpayments",
        "proof",
        "count accuracy",
        "openings without care",
        "restricted openings",
    }


def test_the_demonstration_has_shares_of_patients_and_their_statements(pharmacy: Database) -> None:
    with pharmacy.reading() as session:
        told = [row for row in patients_owing(session) if row.statements]
        shares = session.scalars(select(LedgerEntry.amount).where(LedgerEntry.reason_code == "2")).all()
    assert told and all(row.owed > row.for_equipment and row.due_on for row in told)
    assert shares, "coinsurance of insured patients"


def test_a_statement_asks_for_what_the_ledger_says_is_owed(pharmacy: Database, administrator: UserId) -> None:
    class Undone(Exception):
        pass

    written = 0
    with pytest.raises(Undone), pharmacy.transaction() as session:
        for row in patients_owing(session):
            assert row.owed == owed_by(session, row.patient_id) + row.for_equipment
            if row.owed > 0:
                paper = write_statement(session, row.patient_id, administrator, today())
                assert paper.owed == row.owed == sum(amount for _, amount in paper.ages), row.number
                written += 1
        shares = select(func.sum(LedgerEntry.amount)).where(LedgerEntry.account == Account.PATIENT)
        owing = sum(row.owed - row.for_equipment for row in patients_owing(session))
        assert owing == session.scalar(shares), "all patients together owe what stands on their accounts"
        raise Undone
    assert written > 1


def test_the_audit_trail_needs_its_own_permission(pharmacy: Database) -> None:
    period = month_of(today())
    with pharmacy.reading() as session:
        biller = next(person.id for person in everybody(session) if person.roles == {Role.BILLER})
        with pytest.raises(NotAllowed):
            run(session, "audit", period, biller)
        run(session, "charges", period, biller)
