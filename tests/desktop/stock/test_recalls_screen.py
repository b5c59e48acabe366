"""A recall worked in a real window: opened by scan, patients contacted, replaced, fetched, closed; papers shown."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot

from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, now_utc, today
from infusion_desktop.deliveries.bench.picking import pick_all
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.bench.shipping import pack, ship
from infusion_desktop.deliveries.bench.verifying import verify_all
from infusion_desktop.deliveries.door.delivering import Proof, deliver
from infusion_desktop.deliveries.plans.planning import Wanted, plan_items
from infusion_desktop.deliveries.words import ContactOutcome
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.question import Answer
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.desktop.stock.places import NAME_SCANS, PLACES
from infusion_desktop.desktop.stock.recall_dialogs import (
    BringBackDialog,
    CloseDialog,
    ContactDialog,
    ExchangeDialog,
    NewRecallDialog,
)
from infusion_desktop.desktop.stock.recalls_screen import RecallsScreen
from infusion_desktop.patients.prescribers import NewPrescriber, add_prescriber
from infusion_desktop.patients.words import PatientId
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.words import ItemId, RecallState
from infusion_desktop.verifying import verify_books
from tests.deliveries.conftest import make_patient

START = today()


@pytest.fixture
def ann(one_database: Database, by: UserId, flush: ItemId) -> PatientId:
    """Somebody who got ten flushes of lot F1."""
    lines = tuple(
        ReceiptLine(flush, 50, None, lot, START + timedelta(days=days)) for lot, days in (("F1", 300), ("F2", 400))
    )
    receive(one_database, NewReceipt(lines), by)
    doctor = add_prescriber(one_database, NewPrescriber("Hartmann", "Lena", "1234567893"), by)
    patient = make_patient(one_database, by, doctor)
    other = _second_person(one_database, by)
    kit = plan_items(
        one_database, patient, Days(START, START + timedelta(days=6)), START, [Wanted(flush, 10, "asked for")], by
    )
    release(one_database, kit, by)
    pick_all(one_database, kit, by)
    verify_all(one_database, kit, other)
    pack(one_database, kit, 1, 0, by)
    ship(one_database, kit, by)
    deliver(one_database, kit, Proof("Ann Abernathy", "patient", now_utc()), by)
    return patient


def _second_person(database: Database, by: UserId) -> UserId:
    from infusion_desktop.access.people import add_person_with_hash
    from infusion_desktop.access.roles import Role

    with database.transaction() as session:
        return add_person_with_hash(session, "tess", "Tess Nick", "-", frozenset({Role.PHARMACIST}), by)


@pytest.fixture
def shell(qtbot: QtBot, one_database: Database, by: UserId) -> Iterator[Shell]:
    context = Context(one_database, by, "Ada Min", frozenset(Permission))
    made = Shell(context, PLACES, name_scans=[name(context) for name in NAME_SCANS])
    made.messages.beep = lambda: None
    made.messages.ask = lambda _asked, answered, _parent: answered(  # type: ignore[assignment]
        Answer(True, "the maker knows")
    )
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    made.go("recalls")
    yield made
    made.jobs.close()


def dialog_in_front(kind: type) -> QDialog:
    found = QApplication.activeModalWidget()
    assert isinstance(found, kind)
    assert isinstance(found, QDialog)
    return found


def see_paper(qtbot: QtBot, near: QWidget) -> None:
    """Wait until a paper is drawn, then close it."""
    qtbot.waitUntil(lambda: any(each.preview.pages for each in near.findChildren(PdfDialog) if each.isVisible()))
    for paper in near.findChildren(PdfDialog):
        paper.close()


def test_a_recall_from_the_scanned_box_to_the_file(
    shell: Shell, qtbot: QtBot, one_database: Database, ann: PatientId, codes: dict[str, str]
) -> None:
    screen = shell.screen_in_front
    assert isinstance(screen, RecallsScreen)
    qtbot.mouseClick(screen.new_button, Qt.MouseButton.LeftButton)
    new = dialog_in_front(NewRecallDialog)
    assert isinstance(new, NewRecallDialog)
    shell.on_scan(f"]d201{codes['box']}10F1")
    qtbot.waitUntil(lambda: "at 1 home" in new.told.text())
    assert new.told.text() == "1 lot known here: 40 each in the house, 0 on the way, 10 at 1 home."
    new.lots.set_value("F1, F9 to F3")
    new.reason.set_value("Leaking tips")
    new.press()
    assert "ends before it begins" in new.lots.error.text()
    new.lots.set_value("")
    new.serials.set_value("SN9 to SN3")
    new.press()
    assert "ends before it begins" in new.serials.error.text() and not new.lots.error.text()
    new.serials.set_value("")
    new.lots.set_value("F1")
    new.press()
    view = screen.view
    qtbot.waitUntil(lambda: view.page is not None and len(view.patients.model.rows) == 1)
    assert view.figures["Patients reached"].number.text() == "0.0 %"
    assert view.figures["At homes"].number.text() == "10"
    qtbot.mouseClick(view.quarantine_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.figures["Quarantined"].number.text() == "40")
    qtbot.mouseClick(view.letters_button, Qt.MouseButton.LeftButton)
    see_paper(qtbot, view)
    qtbot.waitUntil(lambda: view.patients.model.rows[0].letters == 1)
    view.patients.select_ids([ann])
    view.log_contact()
    contact = dialog_in_front(ContactDialog)
    assert isinstance(contact, ContactDialog)
    contact.press()
    assert contact.outcome.error.text()
    contact.outcome.set_value(ContactOutcome.REACHED)
    contact.set_aside.set_value(9)
    contact.press()
    qtbot.waitUntil(lambda: view.figures["Patients reached"].number.text() == "100.0 %")
    view.replace_and_fetch()
    exchange = dialog_in_front(ExchangeDialog)
    assert isinstance(exchange, ExchangeDialog)
    exchange.press()
    qtbot.waitUntil(lambda: view.patients.model.rows[0].replacement.endswith("draft"))
    view.print_tickets()
    see_paper(qtbot, view)
    view.patients.select_ids([ann])
    view.bring_back()
    back = dialog_in_front(BringBackDialog)
    assert isinstance(back, BringBackDialog)
    assert [field.value() for field in back.fields.values()] == [10]
    back.press()
    qtbot.waitUntil(lambda: view.figures["Quarantined"].number.text() == "50")
    assert view.figures["Accounted for"].number.text() == "100.0 %"
    view.close_recall()
    end = dialog_in_front(CloseDialog)
    assert isinstance(end, CloseDialog)
    end.outcome.set_value("50 returned to the maker")
    end.press()
    qtbot.waitUntil(lambda: view.page is not None and view.page.row.state is RecallState.CLOSED)
    assert not view.exchange_button.isEnabled()
    view.print_file()
    see_paper(qtbot, view)
    assert verify_books(one_database) == ()

    shell.go("stock")
    shell.on_scan("RCL:RC00001")
    qtbot.waitUntil(lambda: shell.screen_in_front is screen)
    qtbot.waitUntil(lambda: view.page is not None and view.page.row.number == "RC00001")
    screen.show_list()
    screen.tabs.setCurrentIndex(1)
    screen.picker.field.setText("abern")
    screen.picker.search()
    qtbot.waitUntil(lambda: len(screen.picker.rows) == 1)
    qtbot.keyClick(screen.picker.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: [(row.lot, row.came_back) for row in screen.received.model.rows] == [("F1", 10)])
    screen.print_received()
    see_paper(qtbot, screen)
