"""Write-offs by two people, transfers by scan, places and labels, in a real window."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pypdfium2
import pytest
import zxingcpp
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot

from infusion_desktop.access.people import add_person_with_hash
from infusion_desktop.access.roles import Permission, Role, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.label_dialog import LabelDialog, draw
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.question import Answer
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.desktop.stock.lot_dialogs import WriteOffDialog
from infusion_desktop.desktop.stock.moves_screen import MovesScreen
from infusion_desktop.desktop.stock.place_tab import PlaceDialog
from infusion_desktop.desktop.stock.places import NAME_SCANS, PLACES
from infusion_desktop.desktop.stock.stock_screen import StockScreen
from infusion_desktop.desktop.stock.transfer_tab import ArrivedDialog, SendDialog, SettleDialog
from infusion_desktop.errors import Refused
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.catalogue import NewItem, Pack, add_item
from infusion_desktop.stock.house_rules import HouseRules, save_house_rules
from infusion_desktop.stock.papers import lot_labels, place_labels
from infusion_desktop.stock.places import add_place
from infusion_desktop.stock.queries import place_rows, stock_rows
from infusion_desktop.stock.scanning.lot_scans import scanned_lots
from infusion_desktop.stock.scanning.scan_values import ScanKind
from infusion_desktop.stock.scanning.scans import read_scan
from infusion_desktop.stock.verify import problems
from infusion_desktop.stock.words import ItemId, ItemKind, LocationKind, SiteTransferState, WriteOffCode, WriteOffState

DAY = date(2028, 1, 1)


@pytest.fixture
def shell(qtbot: QtBot, one_database: Database, by: UserId, flush: ItemId) -> Iterator[Shell]:
    receive(one_database, NewReceipt((ReceiptLine(flush, 90, None, "F1", DAY),), "A-01"), by)
    save_house_rules(one_database, HouseRules(second_person_above=Decimal(1)), by)
    context = Context(one_database, by, "Ada Min", frozenset(Permission))
    made = Shell(context, PLACES, name_scans=[name(context) for name in NAME_SCANS])
    made.messages.beep = lambda: None
    made.messages.ask = lambda _asked, answered, _parent: answered(Answer(True, "a good reason"))  # type: ignore[assignment]
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    made.go("stock")
    qtbot.waitUntil(lambda: len(screen_of(made).rows) == 1)
    yield made
    made.jobs.close()


def screen_of(shell: Shell) -> StockScreen:
    found = shell.screen_in_front
    assert isinstance(found, StockScreen)
    return found


def in_front(kind: type) -> QDialog:
    found = QApplication.activeModalWidget()
    assert isinstance(found, kind)
    assert isinstance(found, QDialog)
    return found


def see_paper(qtbot: QtBot, near: QWidget) -> bytes:
    qtbot.waitUntil(lambda: any(each.preview.pages for each in near.findChildren(PdfDialog) if each.isVisible()))
    paper = next(each for each in near.findChildren(PdfDialog) if each.isVisible())
    paper.close()
    return paper.preview._pdf


def codes_of(pdf: bytes, dots_per_inch: int = 203) -> list[str]:
    """What a scanner reads from every page, at the fineness of a label printer."""
    found = []
    with pypdfium2.PdfDocument(pdf) as document:
        for page in document:
            picture = page.render(scale=dots_per_inch / 72, grayscale=True).to_pil()
            found += [code.text for code in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.DataMatrix)]
    return found


def test_a_dear_write_off_waits_and_is_declined_by_somebody_else(
    shell: Shell, qtbot: QtBot, one_database: Database, by: UserId
) -> None:
    screen = screen_of(shell)
    screen.table.select_ids([screen.rows[0].id])
    screen.write_off()
    dialog = in_front(WriteOffDialog)
    assert isinstance(dialog, WriteOffDialog)
    dialog.quantity.set_value(40)
    assert "$14.18 at cost. Above $1.00 a second person decides" in dialog.worth.text()
    dialog.reason.set_value(WriteOffCode.TORN)
    dialog.note.set_value("the box was wet")
    dialog.press()
    qtbot.waitUntil(lambda: screen.tabs.tabText(1) == "Write-offs (1 to decide)")
    assert screen.rows[0].reserved == 40
    screen.write_offs.table.select_ids([1])
    screen.write_offs.approve()
    qtbot.waitUntil(lambda: "yourself" in _told(screen))
    with one_database.transaction() as session:
        other = add_person_with_hash(session, "tess", "Tess Nick", "-", frozenset({Role.PHARMACIST}), by)
    screen.write_offs.context = Context(one_database, other, "Tess Nick", frozenset(Permission))
    screen.write_offs.approve()
    qtbot.waitUntil(lambda: [row.state for row in screen.write_offs.table.model.rows] == [WriteOffState.POSTED])
    assert [(row.on_hand, row.reserved) for row in screen.rows] == [(50, 0)]
    shell.go("moves")
    moves = shell.screen_in_front
    assert isinstance(moves, MovesScreen)
    qtbot.waitUntil(lambda: len(moves.table.model.rows) == 2)
    moves.table.select_ids([2])
    assert moves.correct_button.isEnabled()
    moves.correct()
    qtbot.waitUntil(lambda: len(moves.table.model.rows) == 3)
    moves.table.select_ids([2])
    assert not moves.correct_button.isEnabled()
    assert "corrected already" in moves.correct_button.toolTip()
    with one_database.reading() as session:
        assert problems(session) == ()
        assert stock_rows(session)[0].on_hand == 90


def _told(screen: StockScreen) -> str:
    from infusion_desktop.desktop.banner import Banner

    return " ".join(each.text.text() for each in screen.findChildren(Banner) if each.isVisible())


def test_places_are_added_and_stock_travels_between_sites_by_scan(
    shell: Shell, qtbot: QtBot, one_database: Database, codes: dict[str, str]
) -> None:
    screen = screen_of(shell)
    tab = screen.place_list
    for code, kind, inside in (("NORTH", LocationKind.SITE, None), ("N-01", LocationKind.ROOM, "NORTH")):
        tab.add()
        dialog = in_front(PlaceDialog)
        assert isinstance(dialog, PlaceDialog)
        dialog.code.set_value(code)
        dialog.name.set_value(f"Place {code}")
        dialog.kind.set_value(kind)
        dialog.inside.set_value(next((row.id for row in tab.rows if row.code == inside), None))
        dialog.press()
        qtbot.waitUntil(lambda code=code: any(row.code == code for row in tab.rows))  # type: ignore[misc]
    screen.transfers.send()
    send = in_front(SendDialog)
    assert isinstance(send, SendDialog)
    shell.on_scan("LOC:A-01")
    shell.on_scan("LOC:N-01")
    assert send.source.value() is not None and send.target.value() is not None
    for _ in range(2):
        shell.on_scan(f"]d201{codes['box']}10F1")
    qtbot.waitUntil(lambda: [line.units for line in send.lines.values()] == [60])
    send.press()
    qtbot.waitUntil(lambda: screen.tabs.tabText(2) == "Transfers (1 on the way)")
    screen.transfers.table.select_ids([1])
    screen.transfers.print_label()
    in_front(LabelDialog).press()  # type: ignore[attr-defined]
    shell.go("moves")
    [code] = codes_of(see_paper(qtbot, screen))
    shell.on_scan(code)
    qtbot.waitUntil(lambda: isinstance(QApplication.activeModalWidget(), ArrivedDialog))
    assert shell.screen_in_front is screen
    arrived = in_front(ArrivedDialog)
    assert isinstance(arrived, ArrivedDialog)
    shell.on_scan(f"]d201{codes['box']}10F1")
    qtbot.waitUntil(lambda: [field.value() for field in arrived.fields.values()] == [30])
    arrived.press()
    qtbot.waitUntil(lambda: screen.transfers.table.model.rows[0].state is SiteTransferState.SHORT)
    screen.transfers.settle()
    settle = in_front(SettleDialog)
    assert isinstance(settle, SettleDialog)
    settle.went_back.set_value(True)
    settle.why.set_value("one box stayed behind")
    settle.press()
    qtbot.waitUntil(lambda: screen.transfers.table.model.rows[0].state is SiteTransferState.CLOSED)
    shell.on_scan(code)
    assert "Nothing of it is on the way" in shell.messages.feedback.text.text()
    with one_database.reading() as session:
        assert {row.place: row.on_hand for row in stock_rows(session)} == {"A-01": 60, "N-01": 30}
        assert problems(session) == ()
    tab.table.select_ids([next(row.id for row in tab.rows if row.code == "N-01")])
    tab.end()
    qtbot.waitUntil(lambda: "30 units lie in Place N-01" in _told(screen))


def test_our_own_labels_lead_to_the_stock_from_anywhere(shell: Shell, qtbot: QtBot) -> None:
    screen = screen_of(shell)
    for label, told in (("LOT:FL-10/F1", "flush 10 mL: 1 lot"), ("LOC:A-01", "bin 1 (A-01): 1 lot"),
                        ("LOT:FL-10/F2", "No lot has the label"), ("LOC:Z-9", "no place “Z-9”"),
                        ("TRF:T000009", "no transfer T000009")):  # fmt: skip
        shell.go("moves")
        shell.on_scan(label)
        qtbot.waitUntil(lambda told=told: told in shell.messages.feedback.text.text())  # type: ignore[misc]
        assert shell.screen_in_front is screen
    shell.go("moves")
    shell.on_scan("CNT:K000001/1")
    qtbot.waitUntil(lambda: "no count K000001" in shell.messages.feedback.text.text())


def test_labels_are_shown_and_read_back_by_a_decoder(
    shell: Shell, qtbot: QtBot, one_database: Database, by: UserId, needle: ItemId
) -> None:
    screen = screen_of(shell)
    screen.table.select_ids([screen.rows[0].id])
    screen.print_labels()
    dialog = in_front(LabelDialog)
    assert isinstance(dialog, LabelDialog)
    dialog.copies.set_value(2)
    dialog.press()
    read = codes_of(see_paper(qtbot, screen))
    assert len(read) == 2, "a roll with two labels"
    odd = add_item(one_database, NewItem("odd 1", "Item <1> & co", ItemKind.OTHER, packs=(Pack("each", 1),)), by)
    lines = (
        ReceiptLine(needle, 5, None, "N/1-A", DAY), ReceiptLine(odd, 5, None, "Ł 1(x)"),
        ReceiptLine(odd, 5, None, "B2"),
    )  # fmt: skip
    receive(one_database, NewReceipt(lines), by)
    for number in range(33):
        add_place(one_database, f"C-{number:02}", f"Bin {number} with a rather long description", LocationKind.BIN, by)
    with one_database.reading() as session:
        stock = {row.id[0]: row for row in stock_rows(session)}
        for paper in ("THERMAL_2X1", "SHEET_30"):
            pdf = draw(lot_labels(session, list(stock)), paper, 1, 4)
            scans = [read_scan(text, today=today(), separators_proven=True) for text in codes_of(pdf)]
            found = [scanned_lots(session, scan) for scan in scans]
            assert sorted(lot for each in found for lot, _, _ in each.lots) == sorted(stock), "each label names its lot"
            assert all(len(each.lots) == 1 for each in found)
        places = place_rows(session)
        pdf = draw(place_labels(session, [row.id for row in places]), "SHEET_30", 1, 0)
    read = codes_of(pdf)
    assert sorted(read) == sorted(f"LOC:{row.code}" for row in places)
    assert {read_scan(text, today=today()).kind for text in read} == {ScanKind.LOCATION}
    with pypdfium2.PdfDocument(pdf) as document:
        assert len(document) == 2
        assert "Bin 32 with a rather long" in " ".join(
            page.get_textpage().get_text_bounded().replace("\r\n", " ") for page in document
        )
    for wrong in ((), tuple([object()] * 4000)):
        with pytest.raises(Refused):
            draw(wrong, "SHEET_30", 1, 0)  # type: ignore[arg-type]
