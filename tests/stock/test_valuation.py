"""Average, layers and lots' own costs all add up from the moves, to the cent; screen and reports say the same."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infusion_desktop.access.roles import Role, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, today
from infusion_desktop.money import to_cents
from infusion_desktop.reporting import stock as stock_reports
from infusion_desktop.reporting import stock_lists
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.catalogue import NewItem, add_item
from infusion_desktop.stock.flow_queries import as_of
from infusion_desktop.stock.ledger import NewMove, post
from infusion_desktop.stock.moving import hold_lot, transfer
from infusion_desktop.stock.places import add_patient_home, add_place, place_id, set_up_places
from infusion_desktop.stock.queries import stock_rows
from infusion_desktop.stock.valuation import Method, Pool, in_dollars, pool_of
from infusion_desktop.stock.words import ItemId, ItemKind, LocationKind, MoveReason

FLOWS = st.lists(
    st.tuples(st.integers(-40, 60).filter(bool), st.decimals("0.0001", "300", places=4)), min_size=1, max_size=40
)


def in_ten_thousandths(unit_cost: Decimal) -> int:
    return int(unit_cost.scaleb(4))


def both() -> tuple[Pool, ...]:
    return tuple(map(pool_of, Method))


@given(FLOWS, st.sampled_from(Method))
def test_values_of_moves_add_up_to_the_value_of_what_is_left(moves: list[tuple[int, Decimal]], method: Method) -> None:
    pool = pool_of(method)
    values = [pool.book(units, in_ten_thousandths(cost)) for units, cost in moves]
    assert pool.units == sum(units for units, _ in moves)
    assert pool.cents == sum(values)
    if pool.units == 0:
        assert pool.cents == 0


@given(FLOWS, st.sampled_from(Method))
def test_each_step_rounds_as_money_does(moves: list[tuple[int, Decimal]], method: Method) -> None:
    """The first move is worth its cost; of an average, what goes out is the share of the value it takes."""
    pool, (units, cost) = pool_of(method), moves[0]
    assert in_dollars(pool.book(units, in_ten_thousandths(cost))) == to_cents(units * cost)
    if units > 1:
        value, gone = in_dollars(pool.cents), units // 2
        assert in_dollars(-pool.book(-gone, 0)) == to_cents(value * gone / units)


@given(st.lists(st.tuples(st.integers(1, 60), st.decimals("0.01", "300", places=4)), min_size=1, max_size=15))
def test_units_that_leave_one_by_one_leave_nothing_behind(bought: list[tuple[int, Decimal]]) -> None:
    for pool in both():
        paid = sum(pool.book(units, in_ten_thousandths(cost)) for units, cost in bought)
        out = [pool.book(-1, 0) for _ in range(sum(units for units, _ in bought))]
        assert (pool.units, pool.cents, paid + sum(out)) == (0, 0, 0)


def test_the_ways_differ_as_they_should() -> None:
    average, layers = both()
    for pool in (average, layers):
        assert pool.book(10, 1_0000) == 1000
        assert pool.book(10, 2_0000) == 2000
    assert average.book(-5, 0) == -750
    assert layers.book(-5, 0) == -500
    assert layers.book(-10, 0) == -1500, "five at 1.00, five at 2.00"


@pytest.fixture
def books(database: Database, staff: dict[Role, UserId]) -> dict[str, ItemId]:
    """Stock bought at prices that do not divide, moved about, sent and lost, over sixty days."""
    boss = staff[Role.ADMINISTRATOR]
    with database.transaction() as session:
        set_up_places(session, boss)
        home = add_patient_home(session, "P1", boss)
    add_place(database, "B-01", "Bin 1", LocationKind.BIN, boss)
    made = {name: add_item(database, NewItem(name, name, ItemKind.TUBING), boss) for name in ("Set", "Cap", "Old")}
    start = datetime.combine(today(), datetime.min.time(), UTC) - timedelta(days=60)
    for day, item, lot, units, cost in (
        (0, "Set", "S1", 7, "0.3333"), (10, "Set", "S1", 5, "0.4444"), (20, "Set", "S2", 9, "0.1667"),
        (0, "Cap", "C1", 3, "10.0050"), (0, "Old", "O1", 4, "2.5"),
    ):  # fmt: skip
        line = ReceiptLine(made[item], units, None, lot, today() + timedelta(days=400), unit_cost=Decimal(cost))
        receive(database, NewReceipt((line,)), boss, start + timedelta(days=day), override="days ago")
    with database.reading() as session:
        lots = {row.lot: row.id[0] for row in stock_rows(session)}
        main, transit = place_id(session, "MAIN"), place_id(session, "TRANSIT")
    transfer(database, lots["S1"], main, "B-01", 5, boss, start + timedelta(days=30))
    with database.transaction() as session:
        from infusion_desktop.access.audit import record

        at = start + timedelta(days=40)
        post(session, [NewMove(lots["S1"], main, transit, 4, MoveReason.SHIPPED)], "delivery", 1, boss, at)
        post(session, [NewMove(lots["S1"], transit, home, 4, MoveReason.DELIVERED)], "delivery", 1, boss, at)
        record(session, boss, "ship", "delivery", 1)
    hold_lot(database, lots["C1"], "torn", boss)
    return made


def test_screen_and_reports_show_the_same_value_and_every_way_adds_up(
    database: Database, books: dict[str, ItemId]
) -> None:
    whole = Days(today() - timedelta(days=200), today())
    with database.reading() as session:
        on_screen = sum(row.value for row in stock_rows(session))
        valued = stock_reports.valuation(session, whole)
        assert valued.totals is not None and valued.totals[4] == on_screen
        assert sum(row[4] for row in valued.rows) == on_screen  # type: ignore[misc]
        days = sorted({today() - timedelta(days=each) for each in (70, 60, 45, 35, 25, 10, 0)})
        for first, last in pairwise(days):
            for report in (stock_reports.roll_forward, stock_reports.by_average, stock_reports.by_layers):
                found = report(session, Days(first, last))
                for row in (*found.rows, found.totals):
                    assert row is not None
                    opening, came, went, closing = row[2:6]
                    assert opening + came - went == closing  # type: ignore[operator]
                    assert closing == to_cents(closing)  # type: ignore[arg-type]
            moved = stock_reports.moves_valued(session, Days(first, last)).totals
            assert moved is not None
            for place, report in ((7, stock_reports.by_average), (8, stock_reports.by_layers)):
                totals = report(session, Days(first, last)).totals
                assert totals is not None
                assert moved[place] == totals[5] - totals[2], "the moves make the closing"  # type: ignore[operator]
        closing = stock_reports.roll_forward(session, whole).totals
        assert closing is not None and closing[5] == on_screen
        layers = {row[0]: row[5] for row in stock_reports.by_layers(session, whole).rows}
        average = {row[0]: row[5] for row in stock_reports.by_average(session, whole).rows}
    assert layers["Set"] == Decimal("4.72"), "3 at 0.3333, 5 at 0.4444, 9 at 0.1667: 1.00 + 2.22 + 1.50"
    bought = Decimal("2.33") + Decimal("2.22") + Decimal("1.50")
    with database.reading() as session:
        found = stock_reports.open_layers(session, whole)
        closing_by_layers = stock_reports.by_layers(session, whole).totals
    assert [row[4:] for row in found.rows if row[0] == "Set"] == [
        ("S1", 7, 3, Decimal("0.3333"), Decimal("1.00")), ("S1", 5, 5, Decimal("0.4444"), Decimal("2.22")),
        ("S2", 9, 9, Decimal("0.1667"), Decimal("1.50")),
    ], "the receipts, the next to go first"  # fmt: skip
    assert all(str(row[3]).startswith("receipt ") for row in found.rows)
    assert found.totals is not None and closing_by_layers is not None
    assert (found.totals[6], found.totals[8]) == (closing_by_layers[6], closing_by_layers[5])
    assert average["Set"] == bought - to_cents(bought * 4 / 21)


def test_stock_as_of_any_day_by_item_lot_and_place(database: Database, books: dict[str, ItemId]) -> None:
    def on(days_ago: int) -> dict[tuple[str, str], int]:
        with database.reading() as session:
            day = today() - timedelta(days=days_ago)
            found = stock_reports.as_of_day(session, Days(day, day))
        return {(str(row[2]), str(row[3])): int(row[4]) for row in found.rows if row[0] == "Set"}  # type: ignore[arg-type]

    assert on(80) == {}
    assert on(55) == {("S1", "MAIN"): 7}
    assert on(35) == {("S1", "MAIN"): 12, ("S2", "MAIN"): 9}
    assert on(25) == {("S1", "MAIN"): 7, ("S1", "B-01"): 5, ("S2", "MAIN"): 9}
    assert on(0) == {("S1", "MAIN"): 3, ("S1", "B-01"): 5, ("S2", "MAIN"): 9}
    with database.reading() as session:
        now = datetime.now(UTC) + timedelta(minutes=1)
        assert {(row.lot, row.place): row.units for row in as_of(session, now)} == {
            (row.lot, row.place): row.on_hand for row in stock_rows(session)}  # fmt: skip


def test_dead_expiring_and_set_aside_stock_and_the_proof_that_nothing_was_below_zero(
    database: Database, books: dict[str, ItemId], staff: dict[Role, UserId]
) -> None:
    from infusion_desktop.stock.house_rules import HouseRules, save_house_rules

    save_house_rules(database, HouseRules(dead_after_days=30), staff[Role.ADMINISTRATOR])
    far = Days(today(), today() + timedelta(days=500))
    with database.reading() as session:
        dead = stock_lists.dead_stock(session, far)
        assert [row[0] for row in dead.rows] == ["Cap", "Old"], "sets were sent 20 days ago"
        assert dead.totals is not None and dead.totals[4] == 7
        aside = stock_lists.set_aside(session, far)
        assert [(row[1], row[6]) for row in aside.rows] == [("Cap", "torn")]
        assert [row[0] for row in stock_reports.expiring_by_bin(session, far).rows] == [
            "B-01",
            "MAIN",
            "MAIN",
            "MAIN",
            "MAIN",
        ]
        proof = stock_lists.never_below_zero(session, far)
        assert {row[0]: row[5] for row in proof.rows} == dict.fromkeys(("Set", "Cap", "Old"), "right")
        assert proof.totals is not None and proof.totals[2:5] == (8, 0, 0)
