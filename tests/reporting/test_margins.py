"""Margin per therapy day: against a slow reckoning, and the same in every report that shows it."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from infusion_desktop.access.people import UserId, everybody
from infusion_desktop.access.roles import Role
from infusion_desktop.billing.claiming.checking import check
from infusion_desktop.billing.claiming.claims import void_claim
from infusion_desktop.billing.claiming.secondary import make_secondary
from infusion_desktop.billing.queries import month_overview
from infusion_desktop.billing.tables import Claim, ClaimLine, LedgerEntry
from infusion_desktop.billing.terms.authorizations import authorizations
from infusion_desktop.billing.words import Account, ClaimId
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.dates import ONE_DAY, Days, month_of, today
from infusion_desktop.deliveries.schedule.costs import cost_rows, set_delivery_cost
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import Carrier, DeliveryState
from infusion_desktop.errors import NotAllowed, Refused
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.patients.coverage import NewCoverage, add_coverage
from infusion_desktop.patients.tables import Coverage, Payer
from infusion_desktop.patients.words import PatientId, PayerId, Rank
from infusion_desktop.reporting.dashboard import census, margin_figures, money_figures, stock_figures
from infusion_desktop.reporting.margin_rules import Margin, all_together, together, with_reasons
from infusion_desktop.reporting.margins import margins
from infusion_desktop.reporting.papers import run

MONTH = month_of(month_of(today()).first - ONE_DAY)
AMOUNTS = st.decimals(0, 5_000, places=2)


@st.composite
def rows(draw: Any) -> Margin:
    number = draw(st.integers(0, 10**6))
    return Margin(
        f"T{number}", f"P{number % 7}", f"Payer {number % 3}", f"Kit {number % 4}", draw(st.sampled_from("ab")),
        Decimal(draw(st.integers(0, 31))), *(draw(AMOUNTS) for _ in range(4)),
    )  # fmt: skip


@given(st.lists(rows(), max_size=30))
def test_every_way_of_adding_up_gives_the_same_total(some: list[Margin]) -> None:
    for name in (lambda row: row.patient, lambda row: row.payer, lambda row: row.template, lambda row: row.kind):
        groups = together(some, name)
        for part in ("days", "per_diem", "cost", "margin"):
            assert sum(getattr(row, part) for row in groups) == sum(getattr(row, part) for row in some)
    assert all_together(some).margin == sum((row.per_diem - row.cost for row in some), Decimal(0))


@given(st.lists(rows(), max_size=30))
def test_the_lowest_margin_a_day_stands_first_and_costs_without_days_before_it(some: list[Margin]) -> None:
    found = with_reasons(some)
    with_days = [row.per_day for row in found if row.per_day is not None]
    assert with_days == sorted(with_days)
    assert [row.days == 0 for row in found] == sorted((row.days == 0 for row in found), reverse=True)
    assert all(row.reason for row in found if row.margin < 0)


def test_what_is_far_from_the_usual_of_its_kind_is_named() -> None:
    usual = [Margin(f"T{n}", "", "", "", "anti-infective", Decimal(10), Decimal(900), Decimal(100)) for n in range(4)]
    dear = Margin("dear", "", "", "", "anti-infective", Decimal(10), Decimal(900), Decimal(420))
    poor = Margin("poor", "", "", "", "anti-infective", Decimal(10), Decimal(300), Decimal(100))
    reasons = {row.therapy: row.reason for row in with_reasons([*usual, dear, poor])}
    assert reasons["dear"] == "Supplies $42.00 a day; usual for anti-infective is $10.00."
    assert reasons["poor"] == "Per diem $30.00 a day; usual for anti-infective is $90.00."
    assert reasons["T0"] == ""


@pytest.fixture
def pharmacy(one_demonstration: Place) -> Iterator[Database]:
    database = open_pharmacy(one_demonstration)
    yield database
    database.close()


def someone(database: Database, role: Role) -> UserId:
    with database.reading() as session:
        return next(user.id for user in everybody(session) if role in user.roles)


def test_a_month_is_the_same_in_five_reports_and_on_the_dashboard(pharmacy: Database) -> None:
    by = someone(pharmacy, Role.MANAGER)
    with pharmacy.reading() as session:
        found = {
            key: run(session, f"margin by {key}", MONTH, by).totals
            for key in ("patient", "therapy", "therapy class", "payer", "kit")
        }
        dashboard = margin_figures(session, today())
    first = found["therapy"]
    assert first is not None and first[1]
    for totals in found.values():
        assert totals is not None
        assert totals[1:] == first[1:], "days, money, and how many therapies lose money"
    assert dashboard.all.per_day == first[7]


def test_a_months_margin_is_that_of_its_days(pharmacy: Database) -> None:
    """Day by day, slowly: what is spread over days is neither lost nor counted twice."""
    with pharmacy.reading() as session:
        whole = all_together(margins(session, MONTH))
        days = [all_together(margins(session, Days(day, day))) for day in MONTH]
    for part in ("days", "per_diem", "supplies"):
        assert abs(sum(getattr(day, part) for day in days) - getattr(whole, part)) < Decimal("0.0001"), part


def test_supplies_are_what_the_kits_of_the_month_cost(pharmacy: Database) -> None:
    with pharmacy.reading() as session:
        whole = all_together(margins(session, MONTH))
        sent = session.execute(
            text(
                "SELECT d.period_first, d.period_last, sum((l.quantity - l.came_back) * t.unit_cost) "
                "FROM delivery d JOIN delivery_lot l ON l.delivery_id = d.id JOIN delivery_line n ON n.id = l.line_id "
                "JOIN lot t ON t.id = l.lot_id JOIN item i ON i.id = n.item_id "
                "WHERE i.billing_class <> 'drug' AND d.state IN ('shipped', 'delivered') "
                "AND d.therapy_id IS NOT NULL GROUP BY d.id"
            )
        )
        expected = Decimal(0)
        for first, last, cost in sent:
            days = list(Days(date.fromisoformat(str(first)), date.fromisoformat(str(last))))
            expected += Decimal(cost) / 10_000 * sum(day in MONTH for day in days) / len(days)
    assert expected > 0
    assert abs(whole.supplies - expected) < Decimal("0.0001")


def test_a_carriers_cost_counts_from_its_day_on(pharmacy: Database) -> None:
    administrator = someone(pharmacy, Role.ADMINISTRATOR)
    with pytest.raises(NotAllowed):
        set_delivery_cost(pharmacy, Carrier.OWN_DRIVER, Decimal(12), MONTH.first, someone(pharmacy, Role.MANAGER))
    for wrong in (Decimal(-1), Decimal(10_000)):
        with pytest.raises(Refused, match="A delivery costs from"):
            set_delivery_cost(pharmacy, Carrier.OWN_DRIVER, wrong, MONTH.first, administrator)
    with pharmacy.reading() as session:
        before = all_together(margins(session, MONTH)).delivery
        carriers = set(session.scalars(select(Delivery.carrier).where(Delivery.state == DeliveryState.DELIVERED)))
    assert before == 0
    for carrier in carriers:
        set_delivery_cost(pharmacy, carrier, Decimal("18.50"), MONTH.first - timedelta(days=60), administrator)
        set_delivery_cost(pharmacy, carrier, Decimal("99.00"), MONTH.last + ONE_DAY, administrator)
    with pharmacy.reading() as session:
        after = all_together(margins(session, MONTH)).delivery
        kits = session.execute(
            select(Delivery.period_first, Delivery.period_last).where(
                Delivery.state.in_((DeliveryState.DELIVERED, DeliveryState.SHIPPED)), Delivery.therapy_id.is_not(None),
                Delivery.scheduled_on <= MONTH.last,
            )
        ).all()  # fmt: skip
        rows_now = {row.carrier: row.amount for row in cost_rows(session, MONTH.last)}
    inside = [(Days(*kit).overlap(MONTH), Days(*kit)) for kit in kits]
    expected = sum((Decimal("18.50") * len(part) / len(whole) for part, whole in inside if part), Decimal(0))
    assert round(after, 20) >= round(expected, 20) > 0
    assert all(rows_now[carrier] == Decimal("18.50") for carrier in carriers)


def test_the_dashboards_figures_are_those_of_the_reports(pharmacy: Database) -> None:
    by = someone(pharmacy, Role.MANAGER)
    with pharmacy.reading() as session:
        value = run(session, "stock value", MONTH, by).totals
        assert value is not None and stock_figures(session, today()).value == value[-1]
        kinds = run(session, "census", Days(today(), today()), by)
        assert kinds.totals is not None
        counted: dict[str, int] = {}
        for kind, _payer, patients in kinds.rows:
            counted[str(kind)] = counted.get(str(kind), 0) + int(str(patients))
        assert counted == dict(census(session, today()).classes)
        late = run(session, "on time", Days(today() - timedelta(days=30), today() - ONE_DAY), by)
        assert late.totals is not None
        months = money_figures(session, today())
        assert [each.month.last for each in months] == sorted(each.month.last for each in months)
        assert sum(each.billed + each.unbilled for each in months) > 0


def test_a_claim_to_the_next_payer_adds_no_day_no_income_and_uses_no_authorization(pharmacy: Database) -> None:
    """The next payer is billed the same days and pays a part of the same money."""
    by = someone(pharmacy, Role.ADMINISTRATOR)
    owed = select(LedgerEntry.claim_id).where(LedgerEntry.account == Account.PATIENT).group_by(LedgerEntry.claim_id)
    one_policy = select(Coverage.patient_id).group_by(Coverage.patient_id).having(func.count() == 1)
    with pharmacy.reading() as session:
        first = session.scalars(
            select(Claim)
            .where(
                Claim.id.in_(owed.having(func.sum(LedgerEntry.amount) > Decimal(0))), Claim.patient_id.in_(one_policy)
            )
            .order_by(Claim.id)
        ).first()
        assert first is not None
        other = session.scalars(select(Payer.id).where(Payer.id != first.payer_id).order_by(Payer.id)).first()
    policy = NewCoverage(PayerId(other or 0), "S1", first.period_first, rank=Rank.SECONDARY)
    add_coverage(pharmacy, PatientId(first.patient_id), policy, by)
    second = make_secondary(pharmacy, ClaimId(first.id), by)
    check(pharmacy, second, by)
    with pharmacy.reading() as session:
        lines = session.scalars(select(ClaimLine).where(ClaimLine.claim_id == second)).all()
    assert {line.authorization_id for line in lines} == {None}  # It is not the next payer's.
    month, patient, payer = month_of(first.period_first), PatientId(first.patient_id), PayerId(first.payer_id)

    def figures() -> list[object]:
        with pharmacy.reading() as session:
            uses = authorizations(session, patient, payer)
            return [
                all_together(margins(session, month)), money_figures(session, today()),
                month_overview(session, month).expected, [(use.used, use.held) for use in uses],
            ]  # fmt: skip

    with_it = figures()
    void_claim(pharmacy, second, by, "not insured there")
    assert figures() == with_it
