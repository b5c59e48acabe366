"""Several workstations at once: kits in opposite order do not deadlock, and nothing is given out twice."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select, text

from infusion_desktop.access.audit import first_broken_entry, record
from infusion_desktop.access.people import UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.errors import Refused
from infusion_desktop.stock import allocation, ledger
from infusion_desktop.stock.allocation import Allocation, Demand, let_go, reserve, reserve_lot, take_reserved
from infusion_desktop.stock.ledger import NewMove, post, reverse, set_held
from infusion_desktop.stock.places import place_id, set_up_places
from infusion_desktop.stock.tables import Balance, Item, Lot, Move
from infusion_desktop.stock.verify import problems
from infusion_desktop.stock.words import ItemId, ItemKind, LotId, MoveId, MoveReason

THROUGH = date(2027, 1, 1)


@pytest.fixture
def items(database: Database, administrator: UserId) -> dict[ItemId, list[LotId]]:
    """Four items with two lots each, ten units a lot in the main store."""
    with database.transaction() as session:
        set_up_places(session, administrator)
        kept = [Item(number=f"I{n}", name=f"Item {n}", kind=ItemKind.DRESSING) for n in range(4)]
        session.add_all(kept)
        session.flush()
        lots = {
            ItemId(item.id): [Lot(item_id=item.id, number=f"L{n}", expires_on=date(2028 + n, 1, 1)) for n in range(2)]
            for item in kept
        }
        session.add_all(lot for each in lots.values() for lot in each)
        session.flush()
        vendor, main = place_id(session, "VENDOR"), place_id(session, "MAIN")
        ids = {item: [LotId(lot.id) for lot in each] for item, each in lots.items()}
        moves = [NewMove(lot, vendor, main, 10, MoveReason.RECEIVED) for each in ids.values() for lot in each]
        post(session, moves, "receipt", 1, administrator)
        record(session, administrator, "receive", "receipt", 1)
    return ids


def at_once(works: list[Callable[[], None]]) -> list[BaseException]:
    """Run every piece of work in a thread of its own, all started together; what was raised."""
    raised: list[BaseException] = []
    together = threading.Barrier(len(works))

    def run(work: Callable[[], None]) -> None:
        together.wait()
        try:
            work()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    return raised


def test_kits_in_opposite_order_with_returns_and_recalls_between_them_never_deadlock(
    database: Database, administrator: UserId, items: dict[ItemId, list[LotId]]
) -> None:
    order = list(items)

    def kits(worker: int) -> None:
        mine = order if worker % 2 else order[::-1]
        for turn in range(5):
            document = worker * 100 + turn
            with database.transaction() as session:
                demands = [Demand(line, item, 2, THROUGH) for line, item in enumerate(mine)]
                reserve(session, "delivery", document, demands)
                record(session, administrator, "release", "delivery", document)
            with database.transaction() as session:
                if turn % 2:
                    let_go(session, "delivery", document)
                else:
                    transit = place_id(session, "TRANSIT")
                    with suppress(Refused), session.begin_nested():  # A recall came between: it stays reserved.
                        take_reserved(session, "delivery", document, transit, MoveReason.SHIPPED, administrator)
                record(session, administrator, "ship", "delivery", document)

    def returns() -> None:
        for turn in range(5):
            with database.transaction() as session:
                main, transit = place_id(session, "MAIN"), place_id(session, "TRANSIT")
                lying = session.execute(
                    select(Balance.lot_id, Balance.on_hand).where(Balance.location_id == transit, Balance.on_hand > 0)
                ).all()
                moves = [NewMove(LotId(lot), transit, main, units, MoveReason.RETURNED) for lot, units in lying]
                post(session, moves[::-1], "delivery", turn, administrator)
                record(session, administrator, "return", "delivery", turn)

    def recalls() -> None:
        lots = [lot for each in items.values() for lot in each][::-1]
        for turn in range(4):
            with database.transaction() as session:
                set_held(session, lots, "" if turn % 2 else "recall 1")
                record(session, administrator, "hold", "lot", lots[0])

    works = [*(lambda worker=worker: kits(worker) for worker in range(1, 4)), returns, recalls]
    assert at_once(works) == []
    with database.reading() as session:
        assert problems(session) == ()
        assert session.scalar(select(func.sum(Balance.on_hand))) == 80
        assert first_broken_entry(session) is None


def test_the_last_units_go_to_as_many_as_there_are_in_order_of_expiry(
    database: Database, administrator: UserId, items: dict[ItemId, list[LotId]]
) -> None:
    item = next(iter(items))
    got: list[tuple[int, int]] = []

    def want(worker: int) -> None:
        for turn in range(5):
            document = worker * 100 + turn
            with database.transaction() as session:
                kept = reserve(session, "delivery", document, [Demand(1, item, 3, THROUGH)])
                record(session, administrator, "release", "delivery", document)
            got.extend((each.lot_id, each.quantity) for each in kept.allocations)

    assert at_once([lambda worker=worker: want(worker) for worker in range(1, 5)]) == []
    assert sum(units for _, units in got) == 20, "20 were there, 60 were wanted, none was given twice or kept back"
    with database.reading() as session:
        assert problems(session) == ()


on_a_server = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


class Other(threading.Thread):
    """Another workstation: does its work when it is started, and keeps what was raised."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__()
        self.work, self.raised = work, list[BaseException]()

    def run(self) -> None:
        try:
            self.work()
        except BaseException as error:
            self.raised.append(error)

    def start_and_wait(self, database: Database, waiting: int = 1) -> None:
        """Until so many wait for another one on the server, or this one is done."""
        asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        self.start()
        while self.is_alive():
            with database.reading() as session:
                if session.scalar(text(asked)) >= waiting:
                    return
            time.sleep(0.01)


@on_a_server
def test_units_given_back_while_somebody_waits_for_others_are_found(
    database: Database, administrator: UserId, items: dict[ItemId, list[LotId]]
) -> None:
    """A kit changes from its lot to another; whoever waits for that other one must not be told that none are left."""
    item, (first, second) = next(iter(items.items()))
    got: dict[int, int] = {}

    def want() -> None:
        with database.transaction() as session:
            kept = reserve(session, "delivery", 2, [Demand(1, item, 10, THROUGH)])
            record(session, administrator, "release", "delivery", 2)
        got.update({each.lot_id: each.quantity for each in kept.allocations})

    other = Other(want)
    with database.transaction() as session:
        reserve(session, "delivery", 1, [Demand(1, item, 12, THROUGH)])
        record(session, administrator, "release", "delivery", 1)
    with database.transaction() as session:
        let_go(session, "delivery", 1)
        assert reserve_lot(session, "delivery", 1, Allocation(1, second, place_id(session, "MAIN"), 10))
        record(session, administrator, "pick", "delivery", 1)
        other.start_and_wait(database)
    other.join(300)
    assert (other.raised, got) == ([], {first: 10})


@on_a_server
def test_two_kits_that_go_short_hold_their_items_in_one_order(
    database: Database, administrator: UserId, items: dict[ItemId, list[LotId]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Items are held one after the other then: the second kit comes when the first holds its first item."""

    def kit(document: int, order: list[ItemId]) -> None:
        with database.transaction() as session:
            demands = [Demand(line, item, 30, THROUGH) for line, item in enumerate(order)]
            reserve(session, "delivery", document, demands)
            record(session, administrator, "release", "delivery", document)

    order, look = list(items)[:2], allocation._candidates
    other = Other(lambda: kit(2, order[::-1]))

    def look_and_meet(*of: Any) -> Any:
        found = look(*of)
        if other.ident is None:
            other.start_and_wait(database)
        return found

    monkeypatch.setattr(allocation, "_candidates", look_and_meet)
    kit(1, order)
    other.join(300)
    assert other.raised == []
    with database.reading() as session:
        assert session.scalar(select(func.sum(Balance.reserved))) == 40


@on_a_server
def test_a_lot_is_held_in_the_order_in_which_it_is_moved(
    database: Database, administrator: UserId, items: dict[ItemId, list[LotId]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Balances before lots: a recall that comes while its units go to a new place waits for it, and it for nobody."""
    lot, add = next(iter(items.values()))[0], ledger._add

    def recall() -> None:
        with database.transaction() as session:
            set_held(session, [lot], "recall 1")
            record(session, administrator, "hold", "lot", lot)

    other = Other(recall)

    def meet_and_add(*of: Any) -> None:
        other.start_and_wait(database)
        add(*of)

    with database.transaction() as session:
        main, returns = place_id(session, "MAIN"), place_id(session, "RETURNS")
        monkeypatch.setattr(ledger, "_add", meet_and_add)
        post(session, [NewMove(lot, main, returns, 1, MoveReason.TRANSFERRED)], "transfer", 1, administrator)
        record(session, administrator, "transfer", "lot", lot)
    other.join(300)
    assert other.raised == []


@on_a_server
def test_lots_come_to_a_new_place_in_one_order(
    database: Database, administrator: UserId, items: dict[ItemId, list[LotId]]
) -> None:
    """Two bring the same lots there from both ends, while a third has just brought the one in the middle."""
    lots = [lot for each in items.values() for lot in each][:3]

    def bring(those: list[LotId], meanwhile: Callable[[], object] = bool) -> None:
        with database.transaction() as session:
            vendor, returns = place_id(session, "VENDOR"), place_id(session, "RETURNS")
            moves = [NewMove(lot, vendor, returns, 1, MoveReason.RECEIVED) for lot in those]
            post(session, moves, "receipt", 2, administrator)
            record(session, administrator, "receive", "receipt", 2)
            meanwhile()

    others = [Other(lambda those=those: bring(those)) for those in (lots, lots[::-1])]  # type: ignore[misc]
    bring(lots[1:2], lambda: [each.start_and_wait(database, n) for n, each in enumerate(others, 1)])
    for each in others:
        each.join(300)
    assert [each.raised for each in others] == [[], []]


def test_a_release_undone_by_two_people_gives_back_once(
    database: Database, administrator: UserId, items: dict[ItemId, list[LotId]]
) -> None:
    item = next(iter(items))
    with database.transaction() as session:
        reserve(session, "delivery", 1, [Demand(1, item, 5, THROUGH)])
        reserve(session, "delivery", 2, [Demand(1, item, 5, THROUGH)])
        record(session, administrator, "release", "delivery", 1)

    def undo() -> None:
        with database.transaction() as session:
            let_go(session, "delivery", 1)
            record(session, administrator, "let go", "delivery", 1)

    assert at_once([undo, undo, undo]) == []
    with database.reading() as session:
        assert problems(session) == ()
        assert session.scalar(select(func.sum(Balance.reserved))) == 5


def test_a_move_corrected_by_two_people_is_corrected_once(
    database: Database, administrator: UserId, items: dict[ItemId, list[LotId]]
) -> None:
    lot = next(iter(items.values()))[0]
    with database.transaction() as session:
        main, lost = place_id(session, "MAIN"), place_id(session, "LOST")
        [move] = post(session, [NewMove(lot, main, lost, 4, MoveReason.LOST)], "write-off", 1, administrator)
        record(session, administrator, "write off", "lot", lot)

    def correct() -> None:
        with database.transaction() as session:
            reverse(session, move, "found", administrator)
            record(session, administrator, "correct", "move", move)

    raised = at_once([correct, correct])
    assert [type(each) for each in raised] == [Refused]
    with database.reading() as session:
        assert problems(session) == ()


def test_a_correction_is_refused_naming_what_came_later(
    database: Database, administrator: UserId, items: dict[ItemId, list[LotId]]
) -> None:
    lot = next(iter(items.values()))[0]
    with database.transaction() as session:
        main, bin_id = place_id(session, "MAIN"), place_id(session, "RETURNS")
        received = MoveId(session.scalars(select(Move.id).where(Move.lot_id == lot)).one())
        post(session, [NewMove(lot, main, bin_id, 4, MoveReason.TRANSFERRED)], "transfer", 12, administrator)
        record(session, administrator, "transfer", "lot", lot)
    named = "only 6 of them are still free: transfer 12 took 4"
    with pytest.raises(Refused, match=named), database.transaction() as session:
        reverse(session, received, "wrong receipt", administrator)
