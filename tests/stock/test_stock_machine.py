"""Random days in the stock room against a model in plain Python; the books are proven after every step."""

import itertools
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from infusion_desktop.access.audit import record
from infusion_desktop.access.people import UserId, add_first_administrator
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.errors import Refused
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.stock.allocation import Demand, let_go, reserve, take_reserved
from infusion_desktop.stock.ledger import NewMove, post, reverse, set_held
from infusion_desktop.stock.places import place_id, set_up_places
from infusion_desktop.stock.queries import stock_rows
from infusion_desktop.stock.tables import Item, Lot
from infusion_desktop.stock.verify import problems
from infusion_desktop.stock.words import ItemId, ItemKind, LocationId, LotId, MoveId, MoveReason

DAYS = (date(2027, 1, 31), date(2027, 3, 31), date(2028, 1, 1))
PLACES = ("MAIN", "QUARANTINE", "TRANSIT")
LOTS, UNITS, DOCUMENTS = st.integers(0, 5), st.integers(1, 9), st.integers(1, 3)


class StockRoom(RuleBasedStateMachine):
    """Two items with three lots each, and what a careful clerk with paper would know about them."""

    fresh: Iterator[Database]

    @initialize()
    def open(self) -> None:
        self.database = next(self.fresh)
        self.on_hand: dict[tuple[int, str], int] = defaultdict(int)
        self.kept: list[tuple[int, int, int]] = []  # document, lot, units
        self.held: set[int] = set()
        self.moves: list[tuple[MoveId, int, str, str, int]] = []
        self.reversed: set[MoveId] = set()
        self.by = UserId(1)
        with self.database.transaction() as session:
            set_up_places(session, self.by)
            items = [Item(number=number, name=number, kind=ItemKind.DRESSING) for number in "AB"]
            session.add_all(items)
            session.flush()
            self.items = [ItemId(item.id) for item in items]
            lots = [Lot(item_id=item, number=str(n), expires_on=DAYS[n]) for item in self.items for n in range(3)]
            session.add_all(lots)
            session.flush()
            self.lots = [LotId(lot.id) for lot in lots]
            self.places = {code: place_id(session, code) for code in (*PLACES, "VENDOR", "LOST")}

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()

    def free(self, lot: int, place: str) -> int:
        kept = sum(units for _, of, units in self.kept if of == lot) if place == "MAIN" else 0
        return self.on_hand[lot, place] - kept

    def move(self, lot: int, source: str, target: str, units: int) -> None:
        """Post one move; the model says beforehand whether it must be refused."""
        fits = source == "VENDOR" or self.free(lot, source) >= units
        try:
            with self.database.transaction() as session:
                new = NewMove(
                    self.lots[lot], self.places[source], self.places[target], units, MoveReason.TRANSFERRED
                )  # fmt: skip
                [move] = post(session, [new], "transfer", 1, self.by)
                record(session, self.by, "move", "lot", self.lots[lot])
        except Refused:
            assert not fits
            return
        assert fits
        self.moves.append((move, lot, source, target, units))
        self.book(lot, source, target, units)

    def book(self, lot: int, source: str, target: str, units: int) -> None:
        if source in PLACES:
            self.on_hand[lot, source] -= units
        if target in PLACES:
            self.on_hand[lot, target] += units

    @rule(lot=LOTS, units=UNITS)
    def receive(self, lot: int, units: int) -> None:
        self.move(lot, "VENDOR", "MAIN", units)

    @rule(lot=LOTS, units=UNITS, source=st.sampled_from(PLACES), to=st.sampled_from((*PLACES, "LOST")))
    def transfer(self, lot: int, units: int, source: str, to: str) -> None:
        if source != to:
            self.move(lot, source, to, units)

    @rule(which=st.integers(0, 100))
    def correct(self, which: int) -> None:
        if not self.moves:
            return
        move, lot, source, target, units = self.moves[which % len(self.moves)]
        fits = move not in self.reversed and (target == "LOST" or self.free(lot, target) >= units)
        try:
            with self.database.transaction() as session:
                reverse(session, move, "typed wrong", self.by)
                record(session, self.by, "correct", "move", move)
        except Refused:
            assert not fits
            return
        assert fits
        self.reversed.add(move)
        self.book(lot, target, source, units)

    @rule(document=DOCUMENTS, item=st.integers(0, 1), units=st.integers(1, 25), through=st.sampled_from(DAYS[:2]))
    def release(self, document: int, item: int, units: int, through: date) -> None:
        lots = [3 * item + n for n in range(3) if DAYS[n] > through and 3 * item + n not in self.held]
        expected, left = [], units
        for lot in lots:
            take = min(self.free(lot, "MAIN"), left)
            left -= take
            expected += [(document, lot, take)] if take else []
        with self.database.transaction() as session:
            kept = reserve(session, "delivery", document, [Demand(7, self.items[item], units, through)])
            record(session, self.by, "release", "delivery", document)
        assert [(document, self.lots.index(each.lot_id), each.quantity) for each in kept.allocations] == expected
        assert kept.shortages == ({7: left} if left else {})
        self.kept += expected

    @rule(document=DOCUMENTS)
    def undo_release(self, document: int) -> None:
        with self.database.transaction() as session:
            let_go(session, "delivery", document)
            record(session, self.by, "let go", "delivery", document)
        self.kept = [each for each in self.kept if each[0] != document]

    @rule(document=DOCUMENTS)
    def ship(self, document: int) -> None:
        gone = [each for each in self.kept if each[0] == document]
        fits = not any(lot in self.held for _, lot, _ in gone)
        try:
            with self.database.transaction() as session:
                transit = self.places["TRANSIT"]
                moves = take_reserved(session, "delivery", document, transit, MoveReason.SHIPPED, self.by)
                record(session, self.by, "ship", "delivery", document)
        except Refused:
            assert not fits
            return
        assert fits
        assert len(moves) == len(gone)
        self.kept = [each for each in self.kept if each[0] != document]
        for _, lot, units in gone:
            self.book(lot, "MAIN", "TRANSIT", units)

    @rule(lot=LOTS, hold=st.booleans())
    def recall(self, lot: int, hold: bool) -> None:
        with self.database.transaction() as session:
            set_held(session, [self.lots[lot]], "recall 1" if hold else "")
            record(session, self.by, "hold", "lot", self.lots[lot])
        (self.held.add if hold else self.held.discard)(lot)

    @invariant()
    def the_books_are_in_order(self) -> None:
        if not hasattr(self, "database"):
            return
        with self.database.reading() as session:
            assert problems(session) == ()
            shown = {row.id: (row.on_hand, row.reserved) for row in stock_rows(session)}
        model: dict[tuple[LotId, LocationId], tuple[int, int]] = {
            (self.lots[lot], self.places[place]): (units, units - self.free(lot, place))
            for (lot, place), units in self.on_hand.items()
            if units
        }
        assert shown == model


def _fresh(template: Path, folder: Path) -> Iterator[Database]:
    for number in itertools.count():
        file = folder / f"room{number}.db"
        shutil.copy(template, file)
        yield open_pharmacy(Place.of(str(file)), "bench-1")


EXAMPLES, STEPS = (int(number) for number in os.environ.get("STOCK_MACHINE", "12x20").split("x"))
"""The full run is 500x50 (RELIABILITY A8)."""


def test_any_day_in_the_stock_room_leaves_the_books_in_order(sqlite_database: Database, tmp_path: Path) -> None:
    assert add_first_administrator(sqlite_database, "admin", "Ada Min", "correct horse battery") == 1
    sqlite_database.close()
    StockRoom.fresh = _fresh(sqlite_database.place.file, tmp_path)
    calm = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(StockRoom, settings=calm)
