"""Random days in the stock room against a model in plain Python, on both engines; the books are proven at every step.

Receive, move, reserve, pick, ship, deliver, return, count, recall, send between sites, write off and correct, in any
order: balances equal moves, nothing is below zero, the first to expire goes first, nothing recalled or expired is
shipped. That the machine would notice is shown by six faults put into the rules on purpose.
"""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.people import UserId, add_first_administrator, add_person_with_hash
from infusion_desktop.access.roles import Role
from infusion_desktop.database.engine import Database
from infusion_desktop.errors import Refused
from infusion_desktop.stock import allocation, ledger, site_transfers, write_offs
from infusion_desktop.stock.allocation import Allocation, Demand, let_go, reserve, reserve_lot, take_reserved
from infusion_desktop.stock.counting import counts
from infusion_desktop.stock.counting.count_queries import sheet
from infusion_desktop.stock.house_rules import HouseRules, save_house_rules
from infusion_desktop.stock.ledger import NewMove, post, reverse, set_held
from infusion_desktop.stock.places import add_patient_home, add_place, place_id, set_up_places
from infusion_desktop.stock.queries import stock_rows
from infusion_desktop.stock.scarce import recall
from infusion_desktop.stock.site_transfers import Sending, transfer_lines
from infusion_desktop.stock.tables import Balance, Item, Lot
from infusion_desktop.stock.verify import problems
from infusion_desktop.stock.words import (
    ItemId,
    ItemKind,
    LocationId,
    LocationKind,
    LotId,
    MoveId,
    MoveReason,
    SiteTransferId,
    WriteOffId,
)
from infusion_desktop.stock.write_offs import approve_write_off, decline_write_off, write_off
from tests.fresh_copies import fresh_copies
from tests.promises import times

DAYS = (date(2027, 1, 31), date(2027, 3, 31), date(2028, 1, 1))
PICKED_FROM = ("MAIN", "ROOM2")
PLACES = (*PICKED_FROM, "QUARANTINE", "RETURNS", "TRANSIT", "BETWEEN", "HOME-P1")
MOVED = ("MAIN", "ROOM2", "QUARANTINE", "RETURNS")
LOTS, UNITS, DOCUMENTS = st.integers(0, 5), st.integers(1, 9), st.integers(1, 3)
Kept = tuple[int, int, str, int]
"""Document, lot, place, units."""
WRONG_LOT = "the first to expire goes first, nothing held, nothing that expires within the period"
FREE_WAS_REFUSED = "units that nobody keeps were refused"
NOT_AS_THE_CLERK_KNOWS = "the shelves are not as the clerk knows them"


class StockRoom(RuleBasedStateMachine):
    """Two items with three lots each, and what a careful clerk with paper would know about them."""

    fresh: Iterator[Database]

    @initialize(begins=st.lists(st.integers(0, 9), min_size=12, max_size=12))
    def open(self, begins: list[int]) -> None:
        """Most lots lie in both places from the start, so that kits find something to take."""
        self.database = next(self.fresh)
        self.on_hand: dict[tuple[int, str], int] = defaultdict(int)
        self.kept: list[Kept] = []
        self.held: set[int] = set()
        self.moves: list[tuple[MoveId, int, str, str, int]] = []
        self.reversed: set[MoveId] = set()
        self.waiting: list[tuple[WriteOffId, Kept]] = []
        self.sent: list[tuple[SiteTransferId, int, int]] = []
        self.by, self.other = UserId(1), UserId(2)
        limits = HouseRules(Decimal(100), tolerance_percent=100, tolerance_value=Decimal(1_000_000))
        with self.database.transaction() as session:
            set_up_places(session, self.by)
            add_person_with_hash(session, "tess", "Tess Nick", "-", frozenset({Role.PHARMACIST}), self.by)
            add_patient_home(session, "P1", self.by)
            items = [Item(number=number, name=number, kind=ItemKind.DRESSING) for number in "AB"]
            session.add_all(items)
            session.flush()
            self.items = [ItemId(item.id) for item in items]
            lots = [Lot(item_id=item, number=str(n), expires_on=DAYS[n], unit_cost=Decimal(100)) for item in self.items
                    for n in range(3)]  # fmt: skip
            session.add_all(lots[::-1])  # Which came first says nothing of which expires first.
            session.flush()
            self.lots = [LotId(lot.id) for lot in lots]
        save_house_rules(self.database, limits, self.by)
        add_place(self.database, "ROOM2", "Room at another site", LocationKind.ROOM, self.by)
        with self.database.reading() as session:
            self.places = {code: place_id(session, code) for code in (*PLACES, "VENDOR", "LOST")}
        for (lot, place), units in zip(itertools.product(range(6), PICKED_FROM), begins, strict=True):
            if units:
                self.receive(lot, units, place)

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()

    def free(self, lot: int, place: str) -> int:
        kept = sum(units for _, of, at, units in self.kept if (of, at) == (lot, place))
        return self.on_hand[lot, place] - kept

    def kits(self) -> list[int]:
        """Documents for which something is reserved; a write-off that waits is none of them."""
        return sorted({document for document, _, _, _ in self.kept if document > 0})

    def move(self, lot: int, source: str, target: str, units: int, reason: MoveReason = MoveReason.TRANSFERRED) -> None:
        """Post one move; the model says beforehand whether it must be refused."""
        fits = source == "VENDOR" or self.free(lot, source) >= units
        try:
            with self.database.transaction() as session:
                new = NewMove(self.lots[lot], self.places[source], self.places[target], units, reason)
                [move] = post(session, [new], "transfer", 1, self.by)
                record(session, self.by, "move", "lot", self.lots[lot])
        except Refused:
            assert not fits, FREE_WAS_REFUSED
            return
        assert fits
        self.moves.append((move, lot, source, target, units))
        self.book(lot, source, target, units)

    def book(self, lot: int, source: str, target: str, units: int) -> None:
        if source in PLACES:
            self.on_hand[lot, source] -= units
        if target in PLACES:
            self.on_hand[lot, target] += units

    @rule(lot=LOTS, units=UNITS, place=st.sampled_from(PICKED_FROM))
    def receive(self, lot: int, units: int, place: str) -> None:
        self.move(lot, "VENDOR", place, units, MoveReason.RECEIVED)

    @rule(lot=LOTS, units=UNITS, source=st.sampled_from(MOVED), to=st.sampled_from((*MOVED, "LOST")))
    def transfer(self, lot: int, units: int, source: str, to: str) -> None:
        if source != to:
            self.move(lot, source, to, units)

    @rule(lot=LOTS, units=UNITS)
    def deliver(self, lot: int, units: int) -> None:
        self.move(lot, "TRANSIT", "HOME-P1", units, MoveReason.DELIVERED)

    @rule(lot=LOTS, units=UNITS, source=st.sampled_from(("TRANSIT", "HOME-P1")))
    def come_back(self, lot: int, units: int, source: str) -> None:
        self.move(lot, source, "RETURNS", units, MoveReason.RETURNED)

    @precondition(lambda self: self.moves)
    @rule(which=st.integers(0, 100))
    def correct(self, which: int) -> None:
        move, lot, source, target, units = self.moves[which % len(self.moves)]
        fits = move not in self.reversed and (target == "LOST" or self.free(lot, target) >= units)
        try:
            with self.database.transaction() as session:
                reverse(session, move, "typed wrong", self.by)
                record(session, self.by, "correct", "move", move)
        except Refused:
            assert not fits, FREE_WAS_REFUSED
            return
        assert fits
        self.reversed.add(move)
        self.book(lot, target, source, units)

    @rule(document=DOCUMENTS, item=st.integers(0, 1), units=st.integers(1, 25), through=st.sampled_from(DAYS[:2]))
    def release(self, document: int, item: int, units: int, through: date) -> None:
        lots = [3 * item + n for n in range(3) if DAYS[n] > through and 3 * item + n not in self.held]
        expected, left = [], units
        for lot, place in itertools.product(lots, PICKED_FROM):
            take = min(self.free(lot, place), left)
            left -= take
            expected += [(document, lot, place, take)] if take else []
        with self.database.transaction() as session:
            kept = reserve(session, "delivery", document, [Demand(7, self.items[item], units, through)])
            record(session, self.by, "release", "delivery", document)
        names = {place: code for code, place in self.places.items()}
        assert [
            (document, self.lots.index(each.lot_id), names[each.location_id], each.quantity)
            for each in kept.allocations
        ] == expected, WRONG_LOT
        assert kept.shortages == ({7: left} if left else {})
        self.kept += expected

    @precondition(lambda self: self.kits())
    @rule(which=DOCUMENTS)
    def undo_release(self, which: int) -> None:
        document = self.kits()[which % len(self.kits())]
        with self.database.transaction() as session:
            let_go(session, "delivery", document)
            record(session, self.by, "let go", "delivery", document)
        self.kept = [each for each in self.kept if each[0] != document]

    @precondition(lambda self: self.kits())
    @rule(which=DOCUMENTS, lot=LOTS, place=st.sampled_from(PICKED_FROM))
    def pick(self, which: int, lot: int, place: str) -> None:
        """The bench takes a lot from where it lies, in place of what was reserved of its item."""
        document = self.kits()[which % len(self.kits())]
        mine = [each for each in self.kept if each[0] == document]
        instead = next((each for each in mine if each[1] // 3 == lot // 3), None)
        if instead is None:
            return
        before: dict[tuple[int, str], int] = defaultdict(int)
        for _, of, at, units in mine:
            before[of, at] += units
        wanted = defaultdict(int, before)
        wanted[instead[1], instead[2]] -= instead[3]
        wanted[lot, place] += instead[3]
        fits = all(
            not units or (key[0] not in self.held and self.free(*key) + before[key] >= units)
            for key, units in wanted.items()
        )
        try:
            with self.database.transaction() as session:
                let_go(session, "delivery", document, 7)
                for (of, at), units in sorted(wanted.items()):
                    kept = Allocation(7, self.lots[of], self.places[at], units)
                    if units and not reserve_lot(session, "delivery", document, kept):
                        raise Refused("not free")
                record(session, self.by, "pick", "delivery", document)
        except Refused:
            assert not fits, FREE_WAS_REFUSED
            return
        assert fits, "a held lot was picked, or one that was another's"
        self.kept = [each for each in self.kept if each[0] != document]
        self.kept += [(document, of, at, units) for (of, at), units in wanted.items() if units]

    @precondition(lambda self: self.kits())
    @rule(which=DOCUMENTS)
    def ship(self, which: int) -> None:
        document = self.kits()[which % len(self.kits())]
        gone = [each for each in self.kept if each[0] == document]
        fits = not any(lot in self.held for _, lot, _, _ in gone)
        try:
            with self.database.transaction() as session:
                transit = self.places["TRANSIT"]
                moves = take_reserved(session, "delivery", document, transit, MoveReason.SHIPPED, self.by)
                record(session, self.by, "ship", "delivery", document)
        except Refused:
            assert not fits, FREE_WAS_REFUSED
            return
        assert fits, "a recalled lot was shipped"
        assert len(moves) == len(gone)
        self.kept = [each for each in self.kept if each[0] != document]
        for _, lot, place, units in gone:
            self.book(lot, place, "TRANSIT", units)

    @rule(lot=LOTS)
    def recall(self, lot: int) -> None:
        number = str(lot % 3)
        recall.open_recall(self.database, self.items[lot // 3], [number], "leaking", "", self.by)
        self.held.add(lot)

    @rule(lot=LOTS)
    def let_use_again(self, lot: int) -> None:
        with self.database.transaction() as session:
            set_held(session, [self.lots[lot]], "")
            record(session, self.by, "release lot", "lot", self.lots[lot])
        self.held.discard(lot)

    @rule(place=st.sampled_from(MOVED), off=st.lists(st.integers(-3, 3), min_size=6, max_size=6))
    def count(self, place: str, off: list[int]) -> None:
        there = [lot for lot in range(6) if self.on_hand[lot, place]]
        if not there:
            return
        count = counts.open_count(self.database, "", [self.places[place]], self.by)
        found = {self.lots[lot]: max(0, self.on_hand[lot, place] + off[lot]) for lot in there}
        with self.database.reading() as session:
            lines = sheet(session, count)
        assert {line.lot_id for line in lines} == found.keys()
        for line in lines:
            counts.enter(self.database, line.id, found[line.lot_id], self.by)
        assert counts.finish(self.database, count, self.by) == 0
        differences = {lot: found[self.lots[lot]] - self.on_hand[lot, place] for lot in there}
        fits = all(self.free(lot, place) + by >= 0 for lot, by in differences.items())
        try:
            more, less = counts.approve(self.database, count, self.other)
        except Refused:
            assert not fits, FREE_WAS_REFUSED
            return
        assert fits
        assert more - less == sum(differences.values())
        for lot, difference in differences.items():
            self.on_hand[lot, place] += difference

    @rule(lot=LOTS, units=UNITS)
    def send_to_site(self, lot: int, units: int) -> None:
        fits = self.free(lot, "MAIN") >= units
        try:
            sending = Sending(self.lots[lot], self.places["MAIN"], units)
            sent = site_transfers.send(self.database, [sending], "ROOM2", self.by)
        except Refused:
            assert not fits, FREE_WAS_REFUSED
            return
        assert fits
        self.book(lot, "MAIN", "BETWEEN", units)
        self.sent.append((sent, lot, units))

    @precondition(lambda self: self.sent)
    @rule(units=UNITS, settled=st.booleans())
    def arrive_at_site(self, units: int, settled: bool) -> None:
        sent, lot, left = self.sent.pop(0)
        with self.database.reading() as session:
            [line] = transfer_lines(session, sent)
        assert line.left == left
        came = min(units, left)
        site_transfers.receive(self.database, sent, {line.id: came}, self.by)
        self.book(lot, "BETWEEN", "ROOM2", came)
        if came == left:
            return
        if settled:
            assert site_transfers.settle(self.database, sent, "lost", self.by, went_back=False) == left - came
            self.book(lot, "BETWEEN", "LOST", left - came)
        else:
            self.sent.append((sent, lot, left - came))

    @rule(lot=LOTS, units=UNITS, place=st.sampled_from((*PICKED_FROM, "QUARANTINE")))
    def ask_to_write_off(self, lot: int, units: int, place: str) -> None:
        fits = self.free(lot, place) >= units
        try:
            asked = write_off(
                self.database, self.lots[lot], self.places[place], units, MoveReason.DAMAGED, "dropped", self.by
            )
        except Refused:
            assert not fits, FREE_WAS_REFUSED
            return
        assert fits
        if asked.waits:
            kept = (-asked.id, lot, place, units)
            self.kept.append(kept)
            self.waiting.append((asked.id, kept))
        else:
            self.book(lot, place, "LOST", units)

    @precondition(lambda self: self.waiting)
    @rule(agrees=st.booleans())
    def decide_write_off(self, agrees: bool) -> None:
        asked, kept = self.waiting.pop()
        self.kept.remove(kept)
        if agrees:
            approve_write_off(self.database, asked, self.other)
            self.book(kept[1], kept[2], "LOST", kept[3])
        else:
            decline_write_off(self.database, asked, "found", self.other)

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
            if units and not place.startswith("HOME")
        }
        assert shown == model, NOT_AS_THE_CLERK_KNOWS
        assert all(units >= 0 for units in self.on_hand.values())


EXAMPLES, STEPS = times(12, 500), times(25, 50)
EXAMPLES_FOR_A_FAULT = 100


def _live_through(examples: int, room: type[StockRoom] = StockRoom) -> None:
    calm = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate),  # Shrinking such a day takes longer than reading it.
    )
    run_state_machine_as_test(room, settings=calm)


def test_any_day_in_the_stock_room_leaves_the_books_in_order(sqlite_database: Database, tmp_path: Path) -> None:
    assert add_first_administrator(sqlite_database, "admin", "Ada Min", "correct horse battery") == 1
    StockRoom.fresh = fresh_copies(sqlite_database, tmp_path)
    _live_through(EXAMPLES)


def test_any_day_in_the_stock_room_leaves_the_books_in_order_on_a_server(
    postgresql_database: Database, tmp_path: Path
) -> None:
    assert add_first_administrator(postgresql_database, "admin", "Ada Min", "correct horse battery") == 1
    StockRoom.fresh = fresh_copies(postgresql_database, tmp_path)
    _live_through(times(4, EXAMPLES))


def _later_lot_first(patch: pytest.MonkeyPatch) -> None:
    fill = allocation._fill
    patch.setattr(allocation, "_fill", lambda demand, found, planned: fill(demand, found[::-1], planned))


def _expiry_is_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    look = allocation._look
    patch.setattr(
        allocation,
        "_look",
        lambda session, demands: look(session, [each._replace(usable_through=date(2020, 1, 1)) for each in demands]),
    )


def _held_lots_are_still_used(patch: pytest.MonkeyPatch) -> None:
    held = ledger.set_held

    def no_more_than_a_note(session: Session, lots: list[LotId], why: str) -> None:
        held(session, lots, why)
        session.execute(update(Balance).where(Balance.lot_id.in_(lots)).values(usable=True))

    patch.setattr(recall, "set_held", no_more_than_a_note)


def _a_correction_goes_the_same_way_again(patch: pytest.MonkeyPatch) -> None:
    once_more = ledger.post

    def posted(session: Session, moves: list[NewMove], *rest: object) -> list[MoveId]:
        turned = [each._replace(from_id=each.to_id, to_id=each.from_id) for each in moves]
        return once_more(session, turned, *rest)  # type: ignore[arg-type]

    patch.setattr(ledger, "post", posted)


def _a_declined_write_off_keeps_its_units(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(write_offs, "_give_back", lambda _session, _row: None)


def _units_let_go_stay_reserved(patch: pytest.MonkeyPatch) -> None:
    nothing = update(allocation._BALANCE).where(*allocation._KEY).values(reserved=allocation._BALANCE.c.reserved)
    patch.setattr(allocation, "_GIVE_BACK", nothing)


FAULTS: tuple[tuple[Callable[[pytest.MonkeyPatch], None], str], ...] = (
    (_later_lot_first, WRONG_LOT),
    (_expiry_is_not_looked_at, WRONG_LOT),
    (_held_lots_are_still_used, f"the balance repeats other facts than the lot|{WRONG_LOT}"),
    (_a_correction_goes_the_same_way_again, NOT_AS_THE_CLERK_KNOWS),
    (_a_declined_write_off_keeps_its_units, NOT_AS_THE_CLERK_KNOWS),
    (_units_let_go_stay_reserved, f"reserved beyond the balance|{FREE_WAS_REFUSED}"),
)
"""What is put into the rules, and what must be said of it: another failure is not its being found."""


@pytest.mark.parametrize(("fault", "said"), FAULTS[: times(2, len(FAULTS))])
@pytest.mark.parametrize("number", range(times(1, 5)))
def test_a_fault_in_the_rules_is_noticed(
    one_database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[pytest.MonkeyPatch], None],
    said: str,
    number: int,
) -> None:
    add_first_administrator(one_database, "admin", "Ada Min", "correct horse battery")

    @seed(number)
    class Room(StockRoom):
        fresh = fresh_copies(one_database, tmp_path)

    fault(monkeypatch)
    with pytest.raises(AssertionError, match=said):
        _live_through(EXAMPLES_FOR_A_FAULT, Room)
