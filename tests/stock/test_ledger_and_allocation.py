"""The ledger and its balances, the allocator, and two workstations wanting the last units."""

import threading
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.people import UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.errors import Refused
from infusion_desktop.stock import allocation
from infusion_desktop.stock.allocation import Demand, let_go, reserve, take_reserved
from infusion_desktop.stock.ledger import NewMove, post, reverse, set_held
from infusion_desktop.stock.places import place_id, set_up_places
from infusion_desktop.stock.tables import Balance, Item, Lot, Move, Reservation
from infusion_desktop.stock.verify import problems
from infusion_desktop.stock.words import ItemId, ItemKind, LotId, MoveReason

PERIOD_END = date(2027, 3, 31)


@pytest.fixture
def shelf(database: Database, administrator: UserId) -> dict[str, LotId]:
    """Four lots of one item: two good ones, one that expires within the period, one held."""
    with database.transaction() as session:
        set_up_places(session, administrator)
        item = Item(number="T1", name="Tubing", kind=ItemKind.TUBING)
        session.add(item)
        session.flush()
        days = {
            "SOON": date(2027, 3, 31),
            "FIRST": date(2027, 6, 1),
            "LATER": date(2028, 1, 1),
            "HELD": date(2027, 5, 1),
        }
        lots = {number: Lot(item_id=item.id, number=number, expires_on=day) for number, day in days.items()}
        session.add_all(lots.values())
        session.flush()
        ids = {number: LotId(lot.id) for number, lot in lots.items()}
        vendor, main = place_id(session, "VENDOR"), place_id(session, "MAIN")
        moves = [NewMove(lot, vendor, main, 10, MoveReason.RECEIVED) for lot in ids.values()]
        post(session, moves, "receipt", 1, administrator)
        set_held(session, [ids["HELD"]], "recall 7")
        record(session, administrator, "receive", "receipt", 1)
    return ids


def _item(database: Database) -> ItemId:
    with database.reading() as session:
        return ItemId(session.scalars(select(Item.id)).one())


def test_first_expired_first_out_beyond_the_period_and_never_held(
    database: Database, administrator: UserId, shelf: dict[str, LotId]
) -> None:
    item = _item(database)
    with database.transaction() as session:
        kept = reserve(session, "delivery", 1, [Demand(5, item, 12, PERIOD_END)])
        record(session, administrator, "release", "delivery", 1)
    assert [(each.lot_id, each.quantity) for each in kept.allocations] == [(shelf["FIRST"], 10), (shelf["LATER"], 2)]
    assert kept.shortages == {}


@pytest.mark.parametrize(
    ("wanted", "kept", "short"),
    [
        ((4, 4, 4), [(1, "FIRST", 4), (2, "FIRST", 4), (3, "FIRST", 2), (3, "LATER", 2)], {}),
        ((12, 12), [(1, "FIRST", 10), (1, "LATER", 2), (2, "LATER", 8)], {2: 4}),
    ],
)
def test_lines_that_want_the_same_item_share_what_is_there(
    database: Database,
    administrator: UserId,
    shelf: dict[str, LotId],
    wanted: tuple[int, ...],
    kept: list[tuple[int, str, int]],
    short: dict[int, int],
) -> None:
    """Taken at once, and one item after the other where they go short."""
    item, names = _item(database), {lot: number for number, lot in shelf.items()}
    with database.transaction() as session:
        demands = [Demand(line, item, units, PERIOD_END) for line, units in enumerate(wanted, 1)]
        got = reserve(session, "delivery", 1, demands)
        record(session, administrator, "release", "delivery", 1)
    assert [(each.line_id, names[each.lot_id], each.quantity) for each in got.allocations] == kept
    assert got.shortages == short
    with database.reading() as session:
        assert session.scalar(select(func.sum(Balance.reserved))) == sum(units for _, _, units in kept)
        assert problems(session) == ()


def test_a_shortage_says_which_lots_were_passed_over_and_why(
    database: Database, administrator: UserId, shelf: dict[str, LotId]
) -> None:
    item = _item(database)
    with database.transaction() as session:
        kept = reserve(session, "delivery", 1, [Demand(5, item, 25, PERIOD_END)])
        record(session, administrator, "release", "delivery", 1)
    assert kept.shortages == {5: 5}
    assert any("SOON" in why and "expires Mar 31, 2027" in why for why in kept.passed_over)
    assert any("HELD" in why and "recall 7" in why for why in kept.passed_over)


def test_letting_go_and_shipping_leave_no_reservation_behind(
    database: Database, administrator: UserId, shelf: dict[str, LotId]
) -> None:
    item = _item(database)
    with database.transaction() as session:
        reserve(session, "delivery", 1, [Demand(5, item, 7, PERIOD_END)])
        reserve(session, "delivery", 2, [Demand(6, item, 3, PERIOD_END)])
        let_go(session, "delivery", 1)
        take_reserved(session, "delivery", 2, place_id(session, "TRANSIT"), MoveReason.SHIPPED, administrator)
        record(session, administrator, "ship", "delivery", 2)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Reservation)) == 0
        assert session.scalar(select(func.sum(Balance.reserved))) == 0
        main, transit = place_id(session, "MAIN"), place_id(session, "TRANSIT")
        assert session.get_one(Balance, (shelf["FIRST"], main)).on_hand == 7
        assert session.get_one(Balance, (shelf["FIRST"], transit)).on_hand == 3


def test_nothing_goes_below_zero_and_the_sentence_names_the_lot(
    database: Database, administrator: UserId, shelf: dict[str, LotId]
) -> None:
    with (
        pytest.raises(Refused, match=r"Tubing, lot FIRST: 11 wanted, but only 10 free"),
        database.transaction() as session,
    ):
        main, lost = place_id(session, "MAIN"), place_id(session, "LOST")
        post(session, [NewMove(shelf["FIRST"], main, lost, 11, MoveReason.LOST)], "write-off", 1, administrator)
    with database.reading() as session:
        assert session.get_one(Balance, (shelf["FIRST"], place_id(session, "MAIN"))).on_hand == 10
        assert session.scalar(select(func.count()).select_from(Move)) == 4


def test_a_move_is_reversed_once_only(database: Database, administrator: UserId, shelf: dict[str, LotId]) -> None:
    with database.transaction() as session:
        main, lost = place_id(session, "MAIN"), place_id(session, "LOST")
        [move] = post(session, [NewMove(shelf["FIRST"], main, lost, 4, MoveReason.LOST)], "write-off", 1, administrator)
        reverse(session, move, "found again", administrator)
        record(session, administrator, "reverse", "move", move)
    with pytest.raises(Refused, match="corrected already"), database.transaction() as session:
        reverse(session, move, "again", administrator)
    with database.reading() as session:
        assert session.get_one(Balance, (shelf["FIRST"], place_id(session, "MAIN"))).on_hand == 10


@pytest.mark.parametrize("statement", [update(Move).values(quantity=1), delete(Move)])
def test_the_ledger_cannot_be_changed(database: Database, shelf: dict[str, LotId], statement: object) -> None:
    with pytest.raises(DBAPIError), database.transaction() as session:
        session.execute(statement)  # type: ignore[call-overload]


def test_two_workstations_never_oversell_and_never_miss_the_last_units(
    database: Database, administrator: UserId, shelf: dict[str, LotId]
) -> None:
    item = _item(database)
    got: list[int] = []
    lock = threading.Lock()

    def work(worker: int) -> None:
        for turn in range(6):
            with database.transaction() as session:
                document = worker * 100 + turn
                kept = reserve(session, "delivery", document, [Demand(document, item, 1, PERIOD_END)])
                record(session, administrator, "release", "delivery", document)
            with lock:
                got.append(sum(each.quantity for each in kept.allocations))

    workers = [threading.Thread(target=work, args=(number,)) for number in range(1, 5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(got) == 20, "24 wanted one each and 20 were there"
    with database.reading() as session:
        good = session.scalars(select(Balance.reserved).where(Balance.usable, Balance.expires_on > PERIOD_END))
        assert sorted(good) == [10, 10]


def test_a_kit_with_many_items_is_reserved_in_one_go(
    database: Database, administrator: UserId, shelf: dict[str, LotId]
) -> None:
    with database.transaction() as session:
        vendor, main = place_id(session, "VENDOR"), place_id(session, "MAIN")
        names = [f"K{number}" for number in range(25)]
        session.execute(
            insert(Item),
            [
                {"number": name, "name": name, "kind": ItemKind.DRESSING, "version": 1, "unit_cost": Decimal("0.0345")}
                for name in names
            ],
        )
        items = list(session.scalars(select(Item.id).where(Item.number.in_(names))))
        lots = [Lot(item_id=each, number="L", expires_on=date(2029, 1, 1)) for each in items]
        session.add_all(lots)
        session.flush()
        post(
            session,
            [NewMove(LotId(lot.id), vendor, main, 5, MoveReason.RECEIVED) for lot in lots],
            "receipt",
            2,
            administrator,
        )
        demands = [Demand(line, ItemId(each), 5, PERIOD_END) for line, each in enumerate(items)]
        kept = reserve(session, "delivery", 9, demands)
        record(session, administrator, "release", "delivery", 9)
    assert len(kept.allocations) == 25
    assert kept.shortages == {}


def test_units_may_come_to_a_new_place_and_go_on_in_one_posting(
    database: Database, administrator: UserId, shelf: dict[str, LotId]
) -> None:
    with database.transaction() as session:
        main, service, back = (place_id(session, code) for code in ("MAIN", "SERVICE", "RETURNS"))
        lot = shelf["FIRST"]
        moves = [NewMove(lot, main, service, 6, MoveReason.TRANSFERRED),
                 NewMove(lot, service, back, 4, MoveReason.TRANSFERRED)]  # fmt: skip
        made = post(session, moves, "transfer", 1, administrator)
        record(session, administrator, "transfer", "lot", lot)
    with database.reading() as session:
        rows = session.execute(select(Balance.location_id, Balance.on_hand).where(Balance.lot_id == lot))
        assert {row.location_id: row.on_hand for row in rows} == {main: 4, service: 2, back: 4}
        assert list(session.scalars(select(Move.id).where(Move.id.in_(made)).order_by(Move.id))) == made


def test_stock_that_was_gone_before_it_was_taken_is_looked_for_again(
    database: Database, administrator: UserId, shelf: dict[str, LotId], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was seen is taken only where it still is; the one writer of SQLite can never see it change."""
    item, look = _item(database), allocation._look

    def too_much(session: Session, demands: Sequence[Demand]) -> Any:
        found, early = look(session, demands)
        return [[(key, 99) for key, _ in lots] for lots in found], early

    monkeypatch.setattr(allocation, "_look", too_much)
    with database.reading() as session:
        if session.connection().dialect.name == "sqlite":
            return
    with database.transaction() as session:
        kept = reserve(session, "delivery", 1, [Demand(5, item, 12, PERIOD_END)])
        record(session, administrator, "release", "delivery", 1)
    assert [(each.lot_id, each.quantity) for each in kept.allocations] == [(shelf["FIRST"], 10), (shelf["LATER"], 2)]
