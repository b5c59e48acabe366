"""The ledger as screens ask for it: everything, an item, a lot, or one document."""

from infusion_desktop.access.people import UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.catalogue import NewItem, add_item
from infusion_desktop.stock.places import set_up_places
from infusion_desktop.stock.queries import move_rows
from infusion_desktop.stock.words import ItemKind


def test_moves_are_found_by_their_document(database: Database, administrator: UserId) -> None:
    with database.transaction() as session:
        set_up_places(session, administrator)
    gauze, tape = (
        add_item(database, NewItem(number, number, ItemKind.DRESSING), administrator) for number in ("GAUZE", "TAPE")
    )
    first = receive(database, NewReceipt((ReceiptLine(gauze, 1, None, "A"),)), administrator)
    second = receive(database, NewReceipt((ReceiptLine(tape, 2, None, "B"),)), administrator)
    with database.reading() as session:
        assert [move.item_id for move in move_rows(session)] == [tape, gauze]
        assert [move.lot for move in move_rows(session, document=("receipt", first))] == ["A"]
        assert [move.lot for move in move_rows(session, document=("receipt", second))] == ["B"]
        assert move_rows(session, document=("delivery", first)) == ()
