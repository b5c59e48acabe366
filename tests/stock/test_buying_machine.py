"""Random months of buying against a model in plain Python: orders, boxes, corrections, returns; the books proven."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from infusion_desktop.access.people import UserId, add_first_administrator
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.errors import Refused, Warned
from infusion_desktop.stock.buying.purchase_orders import Wanted, cancel_order, close_order, draft_order, send_order
from infusion_desktop.stock.buying.purchase_queries import order_page
from infusion_desktop.stock.buying.receipt_corrections import take_back
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.buying.reordering import on_order
from infusion_desktop.stock.buying.vendor_returns import NewReturn, return_to_vendor
from infusion_desktop.stock.buying.vendors import NewOffer, NewVendor, add_vendor, set_offer
from infusion_desktop.stock.catalogue import NewItem, Pack, add_item
from infusion_desktop.stock.places import set_up_places
from infusion_desktop.stock.queries import stock_rows
from infusion_desktop.stock.verify import problems
from infusion_desktop.stock.words import Condition, ItemKind, OrderId, OrderState
from tests.fresh_copies import fresh_copies

SIZES = (10, 25)
LATER = today() + timedelta(days=400)
OUT = (OrderState.SENT, OrderState.PARTLY_RECEIVED)


@dataclass
class Box:
    """What came, as a clerk with paper would note it."""

    line_id: int
    item: int
    units: int
    condition: Condition
    gone: bool = False


@dataclass
class Order:
    """An order, as a clerk with paper would know it."""

    id: OrderId
    wanted: dict[int, int]
    state: OrderState = OrderState.DRAFT
    boxes: list[Box] = field(default_factory=list)

    def here(self, item: int) -> int:
        good = (box for box in self.boxes if box.item == item and box.condition is Condition.GOOD and not box.gone)
        return sum(box.units for box in good)

    def follow(self) -> None:
        """The state that the boxes make of it."""
        if self.state in (*OUT, OrderState.RECEIVED):
            here = [self.here(item) for item in self.wanted]
            full = all(got >= units for got, units in zip(here, self.wanted.values(), strict=True))
            self.state = OrderState.RECEIVED if full else OrderState.PARTLY_RECEIVED


class Buying(RuleBasedStateMachine):
    """Two items from one vendor, sold by ten and by twenty-five."""

    fresh: Iterator[Database]

    @initialize()
    def open(self) -> None:
        self.database, self.by = next(self.fresh), UserId(1)
        with self.database.transaction() as session:
            set_up_places(session, self.by)
        self.items = [
            add_item(
                self.database, NewItem(f"I{n}", f"Item {n}", ItemKind.DRESSING, packs=(Pack("box", size),)), self.by
            )
            for n, size in enumerate(SIZES)
        ]
        self.vendor = add_vendor(self.database, NewVendor("Northwest"), self.by)
        for item, size in zip(self.items, SIZES, strict=True):
            set_offer(self.database, self.vendor, NewOffer(item, pack_name="box", pack_quantity=size), self.by)
        self.orders: list[Order] = []

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()

    def version(self, order: Order) -> int:
        with self.database.reading() as session:
            return order_page(session, order.id, today()).row.version

    def chosen(self, number: int) -> Order:
        return self.orders[number % len(self.orders)]

    @rule(packs=st.tuples(st.integers(0, 3), st.integers(0, 3)), sent=st.booleans())
    def draft(self, packs: tuple[int, int], sent: bool) -> None:
        wanted = {item: count for item, count in enumerate(packs) if count}
        lines = [Wanted(self.items[item], count) for item, count in wanted.items()]
        order = Order(
            draft_order(self.database, self.vendor, lines, self.by), {i: n * SIZES[i] for i, n in wanted.items()}
        )
        self.orders.append(order)
        if sent and wanted:
            send_order(self.database, order.id, self.version(order), self.by)
            order.state = OrderState.SENT

    @precondition(lambda self: self.orders)
    @rule(number=st.integers(0, 9), boxes=st.lists(
        st.tuples(st.integers(0, 1), st.integers(1, 3), st.sampled_from(list(Condition))), min_size=1, max_size=3),
        keep=st.booleans())  # fmt: skip
    def come(self, number: int, boxes: list[tuple[int, int, Condition]], keep: bool) -> None:
        order = self.chosen(number)
        lines = tuple(
            ReceiptLine(self.items[item], packs * SIZES[item], None, f"L{number}", LATER, condition=condition)
            for item, packs, condition in boxes
        )
        good = {i: sum(n * SIZES[i] for j, n, c in boxes if j == i and c is Condition.GOOD) for i in (0, 1)}
        beyond = any(units and (i not in order.wanted or units > max(0, order.wanted[i] - order.here(i)))
                     for i, units in good.items())  # fmt: skip
        try:
            receive(self.database, NewReceipt(lines, order_id=order.id), self.by, override="kept" if keep else "")
        except Refused:
            assert order.state not in OUT
            return
        except Warned:
            assert beyond and not keep and order.state in OUT
            return
        assert order.state in OUT and (keep or not beyond)
        with self.database.reading() as session:
            came = order_page(session, order.id, today()).received[: len(boxes)]
        order.boxes += [
            Box(row.id, item if item in order.wanted else -1 - item, row.quantity, condition)
            for row, (item, _, condition) in zip(reversed(came), boxes, strict=True)
        ]
        order.follow()

    @precondition(lambda self: any(order.boxes for order in self.orders))
    @rule(number=st.integers(0, 99))
    def undo(self, number: int) -> None:
        every = [(order, box) for order in self.orders for box in order.boxes]
        order, box = every[number % len(every)]
        try:
            take_back(self.database, box.line_id, "entered wrong", self.by)
        except Refused:
            assert box.gone
            return
        assert not box.gone
        box.gone = True
        if order.state in (OrderState.PARTLY_RECEIVED, OrderState.RECEIVED):
            order.state = OrderState.PARTLY_RECEIVED
            order.follow()
            if not any(order.here(item) for item in order.wanted):
                order.state = OrderState.SENT

    @precondition(lambda self: any(order.boxes for order in self.orders))
    @rule(number=st.integers(0, 99))
    def send_back(self, number: int) -> None:
        every = [(order, box) for order in self.orders for box in order.boxes if box.condition is not Condition.GOOD]
        if not every:
            return
        _, box = every[number % len(every)]
        try:
            return_to_vendor(self.database, NewReturn(self.vendor, "not good", (box.line_id,)), self.by)
        except Refused:
            assert box.gone
            return
        assert not box.gone
        box.gone = True

    @precondition(lambda self: self.orders)
    @rule(number=st.integers(0, 9), closing=st.booleans())
    def end(self, number: int, closing: bool) -> None:
        order = self.chosen(number)
        deed, ends = (close_order, OrderState.CLOSED) if closing else (cancel_order, OrderState.CANCELLED)
        may = (*OUT, OrderState.RECEIVED) if closing else (OrderState.DRAFT, OrderState.SENT)
        try:
            deed(self.database, order.id, self.version(order), "no longer wanted", self.by)
        except Refused:
            assert order.state not in may
            return
        assert order.state in may
        order.state = ends

    @invariant()
    def books_are_right(self) -> None:
        if not hasattr(self, "orders"):
            return
        with self.database.reading() as session:
            assert problems(session) == ()
            for order in self.orders:
                page = order_page(session, order.id, today())
                assert page.row.state is order.state
                assert {self.items.index(line.item_id): line.received for line in page.lines} == {
                    item: order.here(item) for item in order.wanted
                }
                assert all(line.quantity == line.packs * line.pack_quantity for line in page.lines)
            every = [box for order in self.orders for box in order.boxes if not box.gone]
            rows = stock_rows(session)
            assert sum(row.on_hand for row in rows if row.place == "MAIN") == sum(
                box.units for box in every if box.condition is Condition.GOOD
            )
            assert sum(row.on_hand for row in rows if row.place == "QUARANTINE") == sum(
                box.units for box in every if box.condition.goes_back
            )
            coming = on_order(session)
            for n, item in enumerate(self.items):
                expected = sum(
                    max(0, order.wanted.get(n, 0) - order.here(n))
                    for order in self.orders
                    if order.state in (OrderState.DRAFT, *OUT)
                )
                found = coming.get(item)
                assert (found.out + found.drafted if found else 0) == expected


EXAMPLES, STEPS = (int(number) for number in os.environ.get("BUYING_MACHINE", "8x18").split("x"))


def test_any_month_of_buying_leaves_the_books_in_order(one_database: Database, tmp_path: Path) -> None:
    assert add_first_administrator(one_database, "admin", "Ada Min", "correct horse battery") == 1
    Buying.fresh = fresh_copies(one_database, tmp_path)
    calm = settings(
        max_examples=EXAMPLES, stateful_step_count=STEPS,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_machine(Buying, settings=calm)
