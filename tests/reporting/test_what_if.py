"""What if: the same month twice, and nothing is written."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from infusion_desktop.access.people import UserId, everybody
from infusion_desktop.access.roles import Role
from infusion_desktop.access.tables import AuditEntry
from infusion_desktop.billing.tables import Claim, LedgerEntry
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.dates import ONE_DAY, month_of, today
from infusion_desktop.deliveries.kits.templates import save_template, templates
from infusion_desktop.deliveries.plans.planned_again import planned_again
from infusion_desktop.deliveries.rules import QuantityRule
from infusion_desktop.deliveries.tables import Delivery, DeliveryLine, KitTemplate
from infusion_desktop.errors import NotAllowed, Refused
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.progress import run_to_end
from infusion_desktop.reporting import kit_again
from infusion_desktop.reporting.margin_rules import all_together
from infusion_desktop.reporting.margins import GONE_OUT, margins
from infusion_desktop.reporting.what_if import offers, together, under_contract, with_prices, with_template
from infusion_desktop.stock.queries import item_rows
from infusion_desktop.stock.words import ItemKind
from tests.conftest import Demonstrations

MONTH = month_of(month_of(today()).first - ONE_DAY)


@pytest.fixture(scope="module")
def pharmacy(demonstrations: Demonstrations) -> Iterator[Database]:
    with demonstrations() as place:
        database = open_pharmacy(place)
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


def test_a_kit_for_itself_sends_exactly_what_was_booked(pharmacy: Database, manager: UserId) -> None:
    """Every delivery that went out of a kit, planned again with it, comes to the units that it was planned with."""
    with pharmacy.reading() as session:
        wanted = session.execute(
            select(Delivery.id, KitTemplate.name)
            .join(KitTemplate, KitTemplate.id == Delivery.template_id)
            .where(Delivery.therapy_id.is_not(None), Delivery.state.in_(GONE_OUT))
        ).all()
        for delivery, kit in wanted:
            booked = select(DeliveryLine.item_id, DeliveryLine.to_send).where(
                DeliveryLine.delivery_id == delivery, DeliveryLine.change_reason == ""
            )
            again = {line.item_id: line.own for line in planned_again(session, delivery, kit).lines}
            for item, to_send in session.execute(booked):
                assert again.get(item) == to_send, (delivery, item)
    assert len(wanted) > 20
    for kit in offers(pharmacy, MONTH, manager).kits:
        same = run_to_end(with_template(pharmacy, kit, kit, MONTH, manager))
        assert (same.lines, same.problems, same.total.difference) == ((), (), 0)


def test_another_kit_is_planned_delivery_by_delivery(one_demonstration: Place, manager: UserId) -> None:
    """A kit with one more of something and without something else: just these lines differ, and the margin by them."""
    database = open_pharmacy(one_demonstration)
    with database.reading() as session:
        by = next(person.id for person in everybody(session) if Role.ADMINISTRATOR in person.roles)
        name = offers(database, MONTH, by).kits[0]
        old = next(row.template for row in templates(session, today()) if row.template.name == name)
        known = {row.id: row for row in item_rows(session)}
    once = Counter(line.item_id for line in old.lines)
    gone, more, *_ = (
        line for line in old.lines
        if line.item_id in known and known[line.item_id].kind is not ItemKind.DRUG and once[line.item_id] == 1
        and not line.optional and line.rule is not QuantityRule.ONCE_AT_START
    )  # fmt: skip
    lines = tuple(replace(line, amount=line.amount + 1) if line is more else line for line in old.lines)
    lines = tuple(line for line in lines if line is not gone)
    save_template(database, replace(old, code="TRIAL", name="Trial kit", lines=lines), by)
    found = run_to_end(with_template(database, old.name, "Trial kit", MONTH, manager))
    assert {line.item for line in found.lines} == {known[gone.item_id].name, known[more.item_id].name}
    assert any(line.would_be > line.sent for line in found.lines) and any(not line.would_be for line in found.lines)
    costs = sum(line.costs_more for line in found.lines)
    assert abs(found.total.difference + costs) <= Decimal("0.01") * len(found.rows)
    with pytest.raises(Refused, match="no such kit"):
        run_to_end(with_template(database, old.name, "no such kit", MONTH, manager))
    database.close()


def test_a_comparison_of_kits_stops_between_two_deliveries_and_holds_nothing(
    pharmacy: Database, manager: UserId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit_again, "_AT_ONCE", 1)
    kits = offers(pharmacy, MONTH, manager).kits
    kit = max(kits, key=lambda each: next(with_template(pharmacy, each, each, MONTH, manager)).total)
    work = with_template(pharmacy, kit, kit, MONTH, manager)
    first, second = next(work), next(work)
    assert (first.done, second.done) == (0, 1) and second.total == first.total > 1
    work.close()
    assert not list(work) and pharmacy.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_prices_below_nothing_are_refused(pharmacy: Database, manager: UserId) -> None:
    with pytest.raises(Refused):
        with_prices(pharmacy, "", Decimal(-101), MONTH, manager)


def test_whoever_may_not_see_reports_is_refused(pharmacy: Database) -> None:
    with pharmacy.reading() as session:
        technician = next(person.id for person in everybody(session) if person.roles == {Role.TECHNICIAN})
    with pytest.raises(NotAllowed):
        with_prices(pharmacy, "", Decimal(1), MONTH, technician)
