"""Orders from draft to the last box: the vendor's packs and prices, partial, over, wrong, damaged, on backorder."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from threading import Thread

import pytest

from infusion_desktop.access.roles import Role, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, today
from infusion_desktop.desktop.today.to_do import items_short
from infusion_desktop.equipment.receiving import receive as receive_truck
from infusion_desktop.equipment.registering import NewAsset
from infusion_desktop.errors import NotAllowed, Refused, Stale, Warned
from infusion_desktop.stock.buying.cost_queries import average_costs, item_costs
from infusion_desktop.stock.buying.costs import accept_cost, cost_changes
from infusion_desktop.stock.buying.purchase_orders import (
    Wanted,
    add_line,
    cancel_order,
    change_line,
    close_order,
    draft_order,
    draft_orders,
    expect_on,
    put_on_backorder,
    send_order,
)
from infusion_desktop.stock.buying.purchase_papers import return_paper
from infusion_desktop.stock.buying.purchase_queries import (
    OrderPage,
    differences,
    late_orders,
    order_id_by_number,
    order_page,
    order_rows,
)
from infusion_desktop.stock.buying.receipt_corrections import take_back
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.buying.reordering import Demand, Source, proposals
from infusion_desktop.stock.buying.return_queries import return_rows
from infusion_desktop.stock.buying.vendor_queries import offer_rows, vendor_rows
from infusion_desktop.stock.buying.vendor_returns import (
    GoingBack,
    NewReturn,
    close_return,
    receive_credit,
    return_to_vendor,
)
from infusion_desktop.stock.buying.vendors import (
    NewOffer,
    NewVendor,
    add_vendor,
    end_offer,
    end_vendor,
    prefer,
    set_offer,
    set_offers,
)
from infusion_desktop.stock.catalogue import NewItem, Pack, add_item, change_item
from infusion_desktop.stock.moving import transfer
from infusion_desktop.stock.places import set_up_places
from infusion_desktop.stock.queries import item_page, stock_rows
from infusion_desktop.stock.tables import ItemPack
from infusion_desktop.stock.verify import problems
from infusion_desktop.stock.words import (
    Condition,
    ItemId,
    ItemKind,
    OrderId,
    OrderState,
    PackId,
    VendorId,
    VendorReturnState,
)

LATER = today() + timedelta(days=500)


@dataclass(frozen=True)
class Store:
    """A pharmacy that buys flushes by the case and dressings by the box."""

    database: Database
    by: UserId
    staff: dict[Role, UserId]
    vendor: VendorId
    flush: ItemId
    dressing: ItemId
    case: PackId

    def order(self, *lines: tuple[ItemId, int], send: bool = True) -> OrderId:
        made = draft_order(self.database, self.vendor, [Wanted(item, packs) for item, packs in lines], self.by)
        if send:
            send_order(self.database, made, self.page(made).row.version, self.by)
        return made

    def page(self, order: OrderId) -> OrderPage:
        with self.database.reading() as session:
            return order_page(session, order, today())

    def comes(self, order: OrderId | None, *lines: ReceiptLine, override: str = "") -> None:
        receive(self.database, NewReceipt(lines, order_id=order), self.by, override=override)

    def on_hand(self) -> dict[tuple[str, str], int]:
        with self.database.reading() as session:
            assert problems(session) == ()
            return {(row.place, row.lot): row.on_hand for row in stock_rows(session)}


@pytest.fixture
def store(database: Database, staff: dict[Role, UserId]) -> Store:
    by = staff[Role.PHARMACIST]
    with database.transaction() as session:
        set_up_places(session, staff[Role.ADMINISTRATOR])
    flush = add_item(database, NewItem(
        "FL-10", "Saline flush 10 mL", ItemKind.FLUSH, unit_cost=Decimal("0.30"), par_level=50,
        packs=(Pack("each", 1), Pack("case", 60)),
    ), by)  # fmt: skip
    dressing = add_item(database, NewItem("DR-1", "Dressing kit", ItemKind.DRESSING, unit_cost=Decimal(2)), by)
    vendor = add_vendor(database, NewVendor("Northwest Medical", "AC-77", lead_days=4), by)
    set_offer(database, vendor, NewOffer(flush, "NW-555", "case", 60, price=Decimal("21.00"), contract="GPO 12"), by)
    set_offer(database, vendor, NewOffer(dressing, "NW-9", "box", 20, price=Decimal("39.99")), by)
    with database.reading() as session:
        page = item_page(session, flush)
        assert page is not None
        case = session.query(ItemPack.id).filter(ItemPack.item_id == flush, ItemPack.quantity == 60).scalar()
    return Store(database, by, staff, vendor, flush, dressing, PackId(case))


def flushes(store: Store, cases: int, lot: str = "F1", condition: Condition = Condition.GOOD) -> ReceiptLine:
    return ReceiptLine(store.flush, cases, store.case, lot, LATER, condition=condition)


def dressings(store: Store, units: int, lot: str = "D1", condition: Condition = Condition.GOOD) -> ReceiptLine:
    return ReceiptLine(store.dressing, units, None, lot, LATER, condition=condition)


def test_an_order_takes_the_vendors_packs_and_prices_and_is_received_in_parts(store: Store) -> None:
    order = store.order((store.flush, 2), (store.dressing, 1))
    page = store.page(order)
    assert [(line.vendor_number, line.packs, line.quantity, line.amount) for line in page.lines] == [
        ("NW-555", 2, 120, Decimal("42.00")), ("NW-9", 1, 20, Decimal("39.99")),
    ]  # fmt: skip
    assert (page.row.state, page.row.expected_on, page.row.amount) == (
        OrderState.SENT, today() + timedelta(days=4), Decimal("81.99"),
    )  # fmt: skip
    store.comes(order, flushes(store, 1))
    assert store.page(order).row.state is OrderState.PARTLY_RECEIVED
    assert [line.outstanding for line in store.page(order).lines] == [60, 20]
    store.comes(order, flushes(store, 1), dressings(store, 20))
    page = store.page(order)
    assert (page.row.state, page.row.open_lines) == (OrderState.RECEIVED, 0)
    assert [event.state for event in page.events] == [
        OrderState.DRAFT, OrderState.SENT, OrderState.PARTLY_RECEIVED, OrderState.RECEIVED,
    ]  # fmt: skip
    assert store.on_hand() == {("MAIN", "F1"): 120, ("MAIN", "D1"): 20}
    with pytest.raises(Refused, match="Make a new order"):
        store.comes(order, flushes(store, 1))
    with store.database.reading() as session:
        assert item_costs(session)[store.flush].last == Decimal("0.3500")
        assert average_costs(session)[store.dressing] == Decimal("1.9995")
        assert vendor_rows(session, today())[0].took_days == 0


def test_more_than_ordered_and_what_was_not_ordered_is_asked_about(store: Store) -> None:
    order = store.order((store.flush, 1))
    with pytest.raises(Warned, match="120 each came and 60 are still expected") as asked:
        store.comes(order, flushes(store, 2), dressings(store, 5))
    assert "Dressing kit is not on order" in asked.value.warnings[0]
    assert store.on_hand() == {}
    back = (
        flushes(store, 1),
        flushes(store, 1, condition=Condition.OVER),
        dressings(store, 5, condition=Condition.WRONG),
    )
    store.comes(order, *back)
    assert store.on_hand() == {("MAIN", "F1"): 60, ("QUARANTINE", "F1"): 60, ("QUARANTINE", "D1"): 5}
    page = store.page(order)
    assert (page.row.state, page.lines[0].received, page.lines[0].wrong_or_over) == (OrderState.RECEIVED, 60, 60)
    assert [(each.condition, each.quantity) for each in page.differences] == [
        (Condition.WRONG, 5), (Condition.OVER, 60),
    ]  # fmt: skip
    kept = store.order((store.flush, 1))
    store.comes(kept, flushes(store, 2, "F9"), override="we use many")
    assert store.page(kept).lines[0].received == 120
    assert store.on_hand()["MAIN", "F9"] == 120


def test_damaged_and_missing_units_stay_expected_and_nothing_damaged_can_be_sent(store: Store) -> None:
    order = store.order((store.flush, 2))
    store.comes(order, replace(flushes(store, 1, condition=Condition.DAMAGED), note="crushed"),
                ReceiptLine(store.flush, 1, store.case, condition=Condition.MISSING))  # fmt: skip
    line = store.page(order).lines[0]
    assert (line.received, line.damaged, line.missing, line.outstanding) == (0, 60, 60, 120)
    with store.database.reading() as session:
        assert [row.available for row in stock_rows(session)] == [0]
        assert [(each.condition, each.lot, each.note) for each in differences(session, open_only=True)] == [
            (Condition.MISSING, "", ""), (Condition.DAMAGED, "F1", "crushed"),
        ]  # fmt: skip
    store.comes(order, flushes(store, 2, "F2"))
    assert store.page(order).row.state is OrderState.RECEIVED


def test_what_the_vendor_cannot_send_waits_on_backorder_or_is_closed_with_a_reason(store: Store) -> None:
    order = store.order((store.flush, 2), (store.dressing, 1))
    store.comes(order, flushes(store, 1))
    first, second = store.page(order).lines
    put_on_backorder(store.database, first.id, today() + timedelta(days=30), "port strike", store.by, was=(None, ""))
    page = store.page(order)
    assert (page.row.on_backorder, page.lines[0].backordered_until) == (1, today() + timedelta(days=30))
    shown = store.page(order).row.expected_on
    expect_on(store.database, order, today() - timedelta(days=2), "called", store.by, was=shown)
    with pytest.raises(Stale):
        expect_on(store.database, order, today(), "called as well", store.by, was=shown)
    with pytest.raises(Stale):
        put_on_backorder(store.database, first.id, today(), "as another saw it", store.by, was=(None, ""))
    assert store.page(order).row.days_late == 2
    with store.database.reading() as session:
        assert [row.id for row in late_orders(session, today())] == [order]
    assert [each.record for each in items_short(store.database, today()).rows if each.opens == "purchase order"] == [
        order
    ]
    with store.database.reading() as session:
        coming = {row.item_id: row.coming for row in proposals(session, today(), [])}
    assert (coming[store.flush].out, coming[store.flush].backordered) == (60, 60)
    with pytest.raises(Refused, match="Say why"):
        close_order(store.database, order, store.page(order).row.version, "", store.by)
    with pytest.raises(Stale):
        close_order(store.database, order, 1, "no longer made", store.by)
    close_order(store.database, order, store.page(order).row.version, "no longer made", store.by)
    assert store.page(order).row.state is OrderState.CLOSED
    with pytest.raises(Refused, match="closed"):
        put_on_backorder(store.database, second.id, None, "", store.by, was=(None, ""))
    with pytest.raises(Refused, match="nothing can be received"):
        store.comes(order, flushes(store, 1))


def test_drafts_are_changed_sent_and_cancelled_only_in_their_turn(store: Store) -> None:
    order = store.order((store.flush, 2), send=False)
    add_line(store.database, order, Wanted(store.dressing, 3, "par"), store.by)
    add_line(store.database, order, Wanted(store.dressing, 1, "a kit"), store.by)
    flush, dressing = store.page(order).lines
    assert (dressing.packs, dressing.quantity, dressing.why) == (4, 80, "par; a kit")
    change_line(store.database, flush.id, 0, None, store.by, was=(flush.packs, flush.pack_price))
    shown = (dressing.packs, dressing.pack_price)
    change_line(store.database, dressing.id, 2, Decimal("38.5"), store.by, was=shown)
    with pytest.raises(Stale):
        change_line(store.database, dressing.id, 3, Decimal("38.5"), store.by, was=shown)
    [only] = store.page(order).lines
    assert (only.quantity, only.amount) == (40, Decimal("77.00"))
    with pytest.raises(Refused, match="Send it first"):
        expect_on(store.database, order, today(), "", store.by, was=None)
    with pytest.raises(Refused, match="nothing can be received"):
        store.comes(order, dressings(store, 20))
    with pytest.raises(NotAllowed):
        cancel_order(store.database, order, store.page(order).row.version, "", store.staff[Role.BILLER])
    send_order(store.database, order, store.page(order).row.version, store.staff[Role.TECHNICIAN], how="by telephone")
    with pytest.raises(Refused, match="who was told"):
        cancel_order(store.database, order, store.page(order).row.version, " ", store.by)
    cancel_order(store.database, order, store.page(order).row.version, "told Jim", store.by)
    assert store.page(order).row.state is OrderState.CANCELLED
    empty = draft_order(store.database, store.vendor, [], store.by)
    with pytest.raises(Refused, match="has no line"):
        send_order(store.database, empty, store.page(empty).row.version, store.by)
    with store.database.reading() as session:
        assert order_id_by_number(session, f"PO:{store.page(order).row.number}") == order
        assert [row.state for row in order_rows(session, today())] == [OrderState.DRAFT, OrderState.CANCELLED]


def test_proposals_add_up_demand_levels_and_orders_and_become_drafts(store: Store) -> None:
    demands = [
        Demand(store.flush, today() + timedelta(days=2), 90, Source.DELIVERY, "D000001"),
        Demand(store.flush, today() + timedelta(days=9), 30, Source.THERAPY, "cefazolin"),
        Demand(store.flush, today() + timedelta(days=40), 900, Source.THERAPY, "beyond the lead time"),
    ]
    store.comes(None, ReceiptLine(store.flush, 30, None, "F1", LATER))
    with store.database.reading() as session:
        found = {row.item_id: row for row in proposals(session, today(), demands)}
    flush = found[store.flush]
    assert flush.reorder.why == (
        "needed by deliveries 90 + by therapies 30 + par 50 - on hand 30 = 140, rounded to 3 cases of 60"
    )
    assert (flush.vendor, flush.amount, flush.is_short, flush.is_below_par) == (
        "Northwest Medical", Decimal("63.00"), True, True,
    )  # fmt: skip
    assert found[store.dressing].reorder.packs == 0
    chosen = [(store.vendor, Wanted(store.flush, 3, flush.reorder.why))]
    [(order, number)] = draft_orders(store.database, chosen, store.by)
    assert draft_orders(store.database, [(store.vendor, Wanted(store.dressing, 1))], store.by) == ((order, number),)
    with store.database.reading() as session:
        after = {row.item_id: row for row in proposals(session, today(), demands)}[store.flush]
    assert (after.coming.drafted, after.reorder.packs) == (180, 0), "a draft is not proposed a second time"


def test_offers_keep_their_old_prices_and_the_preferred_vendor_is_asked_first(store: Store) -> None:
    other = add_vendor(store.database, NewVendor("Cascade Supply"), store.by)
    set_offer(store.database, other, NewOffer(store.flush, "C1", "box", 30, price=Decimal("9.00")), store.by)
    with store.database.reading() as session:
        [cheap, ours] = offer_rows(session, today(), item_ids=[store.flush])
        assert (cheap.unit_price, ours.preferred, ours.contract) == (Decimal("0.3"), True, "GPO 12")
        assert {row.item_id: row.vendor for row in proposals(session, today(), [])}[store.flush] == "Northwest Medical"
    prefer(store.database, store.flush, other, store.by, was=store.vendor)
    future = today() + timedelta(days=10)
    changed = NewOffer(store.flush, "NW-555", "case", 60, price=Decimal("24.00"), starts_on=future)
    with pytest.raises(Stale):
        set_offer(store.database, store.vendor, changed, store.by, version=99)
    set_offer(store.database, store.vendor, changed, store.by, version=ours.version)
    with store.database.reading() as session:

        def price(day: date) -> Decimal | None:
            [row] = [each for each in offer_rows(session, day, vendor_id=store.vendor) if each.item_id == store.flush]
            return row.price

        assert (price(today()), price(future)) == (Decimal(21), Decimal(24))
        assert {row.item_id: row.vendor for row in proposals(session, today(), [])}[store.flush] == "Cascade Supply"
        [cheap] = offer_rows(session, today(), vendor_id=other)
    end_offer(store.database, cheap.id, store.by)
    end_vendor(store.database, other, store.by)
    with pytest.raises(Refused, match="was ended"):
        draft_order(store.database, other, [Wanted(store.flush, 1)], store.by)
    with pytest.raises(Refused, match="not below zero"):
        set_offer(store.database, store.vendor, NewOffer(store.flush, price=Decimal(-1)), store.by)
    with pytest.raises(NotAllowed):
        add_vendor(store.database, NewVendor("X"), store.staff[Role.TECHNICIAN])


def test_a_pump_on_an_order_is_received_through_the_register(store: Store) -> None:
    pump = add_item(store.database, NewItem("PU-1", "Pump", ItemKind.PUMP, serial_tracked=True), store.by)
    order = store.order((pump, 2))
    receive_truck(store.database, NewReceipt((), order_id=order), (NewAsset(pump, "S1"),), store.by)
    assert store.page(order).lines[0].received == 1
    with pytest.raises(Warned, match="1 are still expected"):
        receive_truck(
            store.database, NewReceipt((), order_id=order), (NewAsset(pump, "S2"), NewAsset(pump, "S3")), store.by
        )
    receive_truck(store.database, NewReceipt((), order_id=order), (NewAsset(pump, "S2"),), store.by)
    assert store.page(order).row.state is OrderState.RECEIVED


def test_a_maximum_below_par_is_refused(store: Store, database: Database) -> None:
    with database.reading() as session:
        page = item_page(session, store.flush)
    assert page is not None
    with pytest.raises(Refused, match="not below par"):
        change_item(database, store.flush, replace(page.item, max_level=10), page.version, store.by)


def test_what_goes_back_leaves_stock_once_and_waits_for_its_credit(store: Store) -> None:
    order = store.order((store.flush, 3))
    store.comes(order, flushes(store, 1), replace(flushes(store, 1, "F2", Condition.DAMAGED), note="wet"),
                ReceiptLine(store.flush, 1, store.case, condition=Condition.MISSING))  # fmt: skip
    with store.database.reading() as session:
        missing, damaged = differences(session, open_only=True)
        good = next(row for row in stock_rows(session) if row.place == "MAIN")
    both = (missing.id, damaged.id)
    with pytest.raises(Refused, match="another vendor"):
        other = add_vendor(store.database, NewVendor("Cascade"), store.by)
        return_to_vendor(store.database, NewReturn(other, "wet", both), store.by)
    with pytest.raises(Refused, match="Say why"):
        return_to_vendor(store.database, NewReturn(store.vendor, " ", both), store.by)
    overstock = GoingBack(good.id[0], good.id[1], 15, "overstock")
    made = return_to_vendor(store.database, NewReturn(store.vendor, "wet", both, (overstock,), "RA-1"), store.by)
    assert store.on_hand() == {("MAIN", "F1"): 45}
    with pytest.raises(Refused, match="on a return already"):
        return_to_vendor(store.database, NewReturn(store.vendor, "again", both), store.by)
    with pytest.raises(Refused, match="only 45 free"):
        too_many = replace(overstock, quantity=46)
        return_to_vendor(store.database, NewReturn(store.vendor, "all", (), (too_many,)), store.by)
    day = today()
    with store.database.reading() as session:
        [row] = return_rows(session)
        assert (row.expected, row.order_id, len(row.lines)) == (Decimal("47.25"), order, 3)
        assert [each.returned_on for each in differences(session)] == [row.number, row.number]
        paper = return_paper(session, made, store.by, now_utc())
        assert [line.lot for line in paper.lines] == ["F2", "", "F1"]
    receive_credit(store.database, made, Decimal("40.00"), "CM-1", day, store.by)
    with pytest.raises(Warned, match=r"\$50.00 would be credited"):
        receive_credit(store.database, made, Decimal("10.00"), "CM-2", day, store.by)
    with pytest.raises(Refused, match="Only"):
        receive_credit(store.database, made, Decimal("-41.00"), "", day, store.by, "typed wrong")
    with pytest.raises(NotAllowed):
        close_return(store.database, made, row.version + 1, "small", store.staff[Role.TECHNICIAN])
    receive_credit(store.database, made, Decimal("7.25"), "CM-2", day, store.by)
    with store.database.reading() as session:
        [row] = return_rows(session)
        assert (row.state, row.credited, row.open_credit) == (VendorReturnState.CREDITED, Decimal("47.25"), 0)
    receive_credit(store.database, made, Decimal("-7.25"), "", day, store.by, "memo was for another order")
    with store.database.reading() as session:
        [row] = return_rows(session)
    close_return(store.database, made, row.version, "too small to chase", store.by)
    with pytest.raises(Refused, match="was closed"):
        receive_credit(store.database, made, Decimal("1.00"), "", day, store.by)


def test_costs_that_rose_are_told_until_they_are_expected(store: Store) -> None:
    with store.database.reading() as session:
        [flush] = [row for row in cost_changes(session, today()) if row.change.item == store.flush]
    assert (flush.change.now, flush.change.percent) == (Decimal("0.3500"), 17)
    assert flush.source == "Northwest Medical, GPO 12"
    store.comes(None, ReceiptLine(store.flush, 5, None, "F1", LATER, unit_cost=Decimal("0.41")))
    tomorrow = today() + timedelta(days=1)
    dearer = NewOffer(store.flush, "NW-555", "case", 60, price=Decimal("27.00"), starts_on=tomorrow)
    with pytest.raises(Refused, match="sells Saline flush 10 mL already"):
        set_offer(store.database, store.vendor, dearer, store.by)
    set_offers(store.database, store.vendor, [dearer], store.by)
    with store.database.reading() as session:
        [then] = [row for row in cost_changes(session, tomorrow) if row.change.item == store.flush]
    assert (then.change.now, then.since) == (Decimal("0.4500"), tomorrow)
    accept_cost(store.database, store.flush, Decimal("0.4500"), store.by, was=Decimal("0.30"))
    with store.database.reading() as session:
        assert [row.change.item for row in cost_changes(session, tomorrow)] == [store.dressing]


def test_two_workstations_receiving_one_order_count_every_box(store: Store) -> None:
    """Both read the order as open; each receipt waits for the other and adds to what it left."""
    order = store.order((store.flush, 8))
    errors: list[BaseException] = []

    def work(lot: str) -> None:
        try:
            for _ in range(4):
                store.comes(order, flushes(store, 1, lot))
        except BaseException as error:
            errors.append(error)

    threads = [Thread(target=work, args=(lot,)) for lot in ("A", "B")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    page = store.page(order)
    assert (page.lines[0].received, page.row.state) == (480, OrderState.RECEIVED)
    assert sum(store.on_hand().values()) == 480


def test_a_receipt_entered_wrong_is_taken_back_and_the_order_expects_it_again(store: Store) -> None:
    order = store.order((store.flush, 3))
    store.comes(order, flushes(store, 3), override="typed wrong: one case")
    store_before = store.page(order)
    assert store_before.row.state is OrderState.RECEIVED
    [line] = store_before.received
    with pytest.raises(Refused, match="Say what"):
        take_back(store.database, line.id, " ", store.by)
    take_back(store.database, line.id, "1 case, not 3", store.by)
    page = store.page(order)
    assert (page.row.state, page.lines[0].received, page.received[0].taken_back) == (
        OrderState.SENT, 0, "1 case, not 3",
    )  # fmt: skip
    assert store.on_hand() == {}
    with pytest.raises(Refused, match="already"):
        take_back(store.database, line.id, "again", store.by)
    store.comes(order, flushes(store, 1), flushes(store, 1, "F2", Condition.DAMAGED))
    assert store.page(order).row.state is OrderState.PARTLY_RECEIVED
    damaged, good, _ = store.page(order).received
    return_to_vendor(store.database, NewReturn(store.vendor, "wet", (damaged.id,)), store.by)
    with pytest.raises(Refused, match="on return VR000001"):
        take_back(store.database, damaged.id, "wrong", store.by)
    with store.database.reading() as session:
        [row] = stock_rows(session)
        assert item_costs(session)[store.flush].last == Decimal("0.3500")
    transfer(store.database, row.id[0], row.id[1], "RETURNS", 1, store.by)
    with pytest.raises(Refused, match="transfer 1 took 1"):
        take_back(store.database, good.id, "wrong", store.by)
    assert store.on_hand() == {("MAIN", "F1"): 59, ("RETURNS", "F1"): 1}
