"""The same figure from two reports is the same: on the demonstration pharmacy, month by month and over odd periods."""

import random
import shutil
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from infusion_desktop.access.people import UserId, everybody
from infusion_desktop.access.roles import Role
from infusion_desktop.access.tables import AuditEntry
from infusion_desktop.billing.tables import LedgerEntry
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.dates import ONE_DAY, Days, month_of, today
from infusion_desktop.deliveries.tables import DeliveryStep
from infusion_desktop.errors import NotAllowed
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.reporting.papers import run
from infusion_desktop.reporting.registry import REPORTS
from infusion_desktop.reporting.report import ALL, Ask, Choice, Found
from reports.table_report import Kind


@pytest.fixture(scope="module")
def pharmacy(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    file = tmp_path_factory.mktemp("agreement") / "pharmacy.db"
    shutil.copy(demonstration, file)
    database = open_pharmacy(Place.of(str(file)))
    yield database
    database.close()


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


def total(found: Found, title: str, last: bool = False) -> Any:
    """The total of a column; nothing for a report without rows."""
    places = [place for place, column in enumerate(found.columns) if column.title == title]
    value = None if found.totals is None else found.totals[places[-1 if last else 0]]
    return value or 0


@pytest.mark.parametrize("period", periods(), ids=str)
def test_shared_figures_agree(pharmacy: Database, administrator: UserId, period: Days) -> None:
    with pharmacy.reading() as session:

        def ask(key: str, choice: Choice = ALL) -> Found:
            return run(session, key, period, administrator, choice)

        for title in ("Units", "Cost"):
            assert total(ask("usage by item"), title) == total(ask("usage by therapy"), title)
        margin, days = ask("margin by therapy"), ask("days by code")
        assert abs(Decimal(total(margin, "Days")) - total(days, "Days")) <= Decimal("0.1")
        assert total(margin, "Per diem") == total(days, "Expected")
        rolled, aged, outstanding = ask("receivables"), ask("aging"), ask("dso")
        assert total(rolled, "Closing") == total(aged, "Owed") == total(outstanding, "Owed")
        assert total(rolled, "Charges") == total(ask("charges"), "Charged")
        assert -total(rolled, "Payments") == total(ask("payments"), "Paid")
        paid_short = sum(row[3] for row in ask("denials").rows if row[1] == "Paid below the contract")
        assert total(ask("underpayments"), "Paid short") == paid_short
        assert total(ask("census"), "Patients") == total(ask("census days"), "Last day")
        for title in ("Days out", "Idle", "In service", "Cost"):
            assert total(ask("equipment use"), title) == total(ask("use by pump"), title)
        assert total(ask("productivity"), "Steps") == total(ask("productivity by day"), "Steps")
        assert total(ask("audit"), "Entries") == total(ask("audit by person"), "Entries")


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
        payers = {str(row[0]) for row in run(session, "receivables", period, administrator).rows}
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
        assert total(run(session, "receivables", period, administrator), "Closing") == owed
        steps = session.scalar(select(func.count()).select_from(DeliveryStep))
        assert total(run(session, "productivity by day", period, administrator), "Deliveries") == steps
        entries = session.scalar(select(func.count()).select_from(AuditEntry))
        assert total(run(session, "audit", period, administrator), "Entries") == entries


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
    }


def test_the_audit_trail_needs_its_own_permission(pharmacy: Database) -> None:
    period = month_of(today())
    with pharmacy.reading() as session:
        biller = next(person.id for person in everybody(session) if person.roles == {Role.BILLER})
        with pytest.raises(NotAllowed):
            run(session, "audit", period, biller)
        run(session, "charges", period, biller)
