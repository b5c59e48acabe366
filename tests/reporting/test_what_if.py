"""What if: the same month twice, and nothing is written."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from infusion_desktop.access.people import UserId, everybody
from infusion_desktop.access.roles import Role
from infusion_desktop.access.tables import AuditEntry
from infusion_desktop.billing.tables import Claim, LedgerEntry
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.dates import ONE_DAY, month_of, today
from infusion_desktop.errors import NotAllowed, Refused
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.progress import run_to_end
from infusion_desktop.reporting.margin_rules import all_together
from infusion_desktop.reporting.margins import margins
from infusion_desktop.reporting.what_if import offers, together, under_contract, with_prices, with_template

MONTH = month_of(month_of(today()).first - ONE_DAY)


@pytest.fixture(scope="module")
def pharmacy(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    file = tmp_path_factory.mktemp("what-if") / "pharmacy.db"
    file.write_bytes(demonstration.read_bytes())
    database = open_pharmacy(Place.of(str(file)))
    before = written(database)
    yield database
    assert written(database) == before  # The books stay as they are.
    database.close()


def written(database: Database) -> tuple[object, ...]:
    with database.reading() as session:
        tables = (Claim, LedgerEntry, AuditEntry)
        return tuple(session.scalar(select(func.count()).select_from(table)) for table in tables)


@pytest.fixture(scope="module")
def manager(pharmacy: Database) -> UserId:
    with pharmacy.reading() as session:
        return next(person.id for person in everybody(session) if Role.MANAGER in person.roles)


def test_its_own_contract_changes_nothing_and_another_one_is_told_by_line(pharmacy: Database, manager: UserId) -> None:
    payers = [payer for _, payer in offers(pharmacy, MONTH, manager).payers]
    changed = 0
    for payer in payers:
        same = run_to_end(under_contract(pharmacy, payer, payer, MONTH, manager))
        assert all(row.difference == 0 for row in same.rows)
        other = run_to_end(under_contract(pharmacy, payer, payers[0], MONTH, manager))
        assert other.total.before == same.total.before
        changed += any(row.difference for row in other.rows)
    assert changed


def test_dearer_supplies_take_exactly_that_much_of_the_margin(pharmacy: Database, manager: UserId) -> None:
    with pharmacy.reading() as session:
        whole = all_together(margins(session, MONTH))
    found = with_prices(pharmacy, "", Decimal(10), MONTH, manager)
    cents = Decimal("0.01") * len(found.rows)
    assert abs(found.total.difference + whole.supplies / 10) <= cents and whole.supplies > 0
    assert abs(found.total.before - whole.margin) <= cents
    for name in (lambda row: row.payer, lambda row: row.therapy, lambda row: row.patient):
        assert sum(row.difference for row in together(found.rows, name)) == found.total.difference
    by_item = [with_prices(pharmacy, number, Decimal(10), MONTH, manager).total.difference
               for _, number in offers(pharmacy, MONTH, manager).items]  # fmt: skip
    assert abs(sum(by_item) - found.total.difference) <= cents * 5


def test_a_kit_for_itself_leaves_the_sum_and_one_nobody_had_is_refused(pharmacy: Database, manager: UserId) -> None:
    kits = offers(pharmacy, MONTH, manager).kits
    for kit in kits:
        same = with_template(pharmacy, kit, kit, MONTH, manager)
        assert abs(same.total.difference) <= Decimal("0.01") * len(same.rows)
    assert with_template(pharmacy, kits[0], kits[-1], MONTH, manager).rows
    with pytest.raises(Refused):
        with_template(pharmacy, kits[0], "no such kit", MONTH, manager)
    with pytest.raises(Refused):
        with_prices(pharmacy, "", Decimal(-101), MONTH, manager)


def test_whoever_may_not_see_reports_is_refused(pharmacy: Database) -> None:
    with pharmacy.reading() as session:
        technician = next(person.id for person in everybody(session) if person.roles == {Role.TECHNICIAN})
    with pytest.raises(NotAllowed):
        with_prices(pharmacy, "", Decimal(1), MONTH, technician)
