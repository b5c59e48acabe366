"""What must be equal between two reports over the same books, whatever these books are."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from infusion_desktop.access.people import UserId
from infusion_desktop.dates import ONE_DAY, Days, today
from infusion_desktop.equipment.usage import use_rows
from infusion_desktop.reporting.dashboard import stock_figures
from infusion_desktop.reporting.papers import run
from infusion_desktop.reporting.report import ALL, Choice, Found


def total(found: Found, title: str, last: bool = False) -> Any:
    """The total of a column; nothing for a report without rows."""
    places = [place for place, column in enumerate(found.columns) if column.title == title]
    value = None if found.totals is None else found.totals[places[-1 if last else 0]]
    return value or 0


def shared_figures_agree(session: Session, period: Days, by: UserId) -> None:
    """Units, days, money, steps and entries that several reports tell."""

    def ask(key: str, choice: Choice = ALL) -> Found:
        return run(session, key, period, by, choice)

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
    for title in ("In use", "Days out", "Idle", "In service", "Cost"):
        assert total(ask("equipment use"), title) == total(ask("use by pump"), title)
    pumps = use_rows(session, period)
    assert {row[0]: row[2] for row in ask("use by pump").rows} == {row.tag: row.use.percent for row in pumps}
    assert total(ask("productivity"), "Steps") == total(ask("productivity by day"), "Steps")
    assert total(ask("audit"), "Entries") == total(ask("audit by person"), "Entries")


def stock_is_worth_the_same(session: Session, period: Days, by: UserId) -> None:
    """Closing of the roll-forward = stock as of that day, by lot; and now = the valuation = the dashboard."""
    rolled = run(session, "roll-forward", period, by)
    assert total(rolled, "Closing") == total(run(session, "as of", period, by), "Value")
    before = Days(period.first - ONE_DAY, period.first - ONE_DAY)
    assert total(rolled, "Opening") == total(run(session, "as of", before, by), "Value")
    now = run(session, "roll-forward", Days(period.first, today()), by)
    valued = total(run(session, "stock value", period, by), "Value")
    assert total(now, "Closing") == valued == stock_figures(session, today()).value
    assert valued == total(run(session, "days of supply", period, by), "Value")
    average, layers = run(session, "average", period, by), run(session, "layers", period, by)
    assert total(average, "Units") == total(layers, "Units")
    moves = run(session, "moves valued", period, by)
    assert total(moves, "By average") == total(average, "Closing") - total(average, "Opening")
    assert total(moves, "By layers") == total(layers, "Closing") - total(layers, "Opening")


def lists_agree_with_what_counts_them(session: Session, period: Days, by: UserId) -> None:
    """As many rows in a list as the figure that counts them says."""

    def ask(key: str, choice: Choice = ALL) -> Found:
        return run(session, key, period, by, choice)

    weeks, late = ask("punctuality"), ask("on time")
    assert total(weeks, "Later") + total(weeks, "Not arrived") == len(late.rows)
    states = Counter(row[3] for row in ask("deliveries").rows)
    assert all(len(ask("deliveries", Choice(only=str(state))).rows) == count for state, count in states.items())
    for state in ("refused", "cancelled"):
        assert len(ask("exceptions", Choice(only=state)).rows) == states[state], state
    parts = [total(ask("counted claims", Choice(only=part)), "Expected") for part in ("billed", "unbilled")]
    assert sum(parts) == total(ask("counted claims"), "Expected")
    payers = [total(ask("counted claims", Choice(payer=str(row[0]))), "Expected") for row in ask("receivables").rows]
    assert sum(payers) <= total(ask("counted claims"), "Expected")
    daily = sum(total(run(session, "census", Days(day, day), by), "Patients") for day in period)
    assert total(ask("census days"), "Patient days") == daily


def everything_agrees(session: Session, by: UserId) -> None:
    """The month up to today and the one before it."""
    first = today() - timedelta(days=30)
    for period in (Days(first, today()), Days(first - timedelta(days=31), first - ONE_DAY)):
        shared_figures_agree(session, period, by)
        stock_is_worth_the_same(session, period, by)
        lists_agree_with_what_counts_them(session, period, by)
