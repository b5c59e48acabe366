"""The main story in the real window, nothing behind its back: from first start to the claim summary."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import resources
from infusion_desktop.access.people import change_password, set_pin
from infusion_desktop.access.roles import Role
from infusion_desktop.database.engine import Database
from infusion_desktop.database.keys import is_encrypted
from infusion_desktop.dates import month_of, today
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.desktop.welcome.first_start import FirstStartWindow
from infusion_desktop.desktop.welcome.sign_in import SignInWindow
from infusion_desktop.equipment.words import AssetState
from infusion_desktop.logs import start_log
from infusion_desktop.patients.words import AccessKind, Method, PatientId, PayerKind, Relation, Route, Sex, TherapyClass
from infusion_desktop.program import Application
from infusion_desktop.settings import load_settings
from infusion_desktop.stock.queries import item_page, item_rows, stock_rows
from infusion_desktop.verifying import verify_books

KIT, DRUG, PUMP, SERIAL = "ABX-AMB-Q24", "DRG-DAPT-01", "PMP-AMB-01", "SN-204417"
DAYS = 7
PASSWORD = "correct horse battery"
PASSPHRASE = "a sentence of a few words"


@pytest.fixture
def program(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_database: Database
) -> Iterator[Application]:
    """The program on an empty pharmacy, as a fresh machine starts it."""
    monkeypatch.setenv("INFUSION_DESKTOP_HOME", str(tmp_path))
    settings = load_settings()
    start_log(settings.logs)
    made = Application(qapp, settings, one_database)
    made.start()
    yield made
    made.scanner.stop()
    made.idle.stop()
    if made.window is not None:
        made.window.hide()
        made.window.close()
    made.database.close()
    made.deleteLater()


def press(qtbot: QtBot, widget: Any) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def quiet(shell: Shell) -> Callable[[], bool]:
    return lambda: not shell.jobs.running


def first_start(program: Application, qtbot: QtBot) -> Shell:
    window = program.window
    assert isinstance(window, FirstStartWindow)
    press(qtbot, window.steps.next)
    for field, typed in (
        (window.name, "Cascade Home Infusion"), (window.street, "1420 Larkspur Place"), (window.city, "Portland"),
        (window.state, "OR"), (window.zip, "97205-1234"), (window.phone, "503-555-0100"), (window.tax_id, "93-1234567"),
        (window.npi, "1234567890"),
    ):  # fmt: skip
        field.line.clear()
        qtbot.keyClicks(field.line, typed)
    press(qtbot, window.steps.next)
    assert window.steps.step == 1, "a wrong NPI is not let through"
    assert "NPI" in window.npi.error.text()
    window.npi.line.clear()
    qtbot.keyClicks(window.npi.line, "1234567893")
    press(qtbot, window.steps.next)
    for field, typed in (
        (window.person_name, "Ada Min"), (window.username, "ada"), (window.password, PASSWORD),
        (window.again, PASSWORD),
    ):  # fmt: skip
        qtbot.keyClicks(field.line, typed)
    press(qtbot, window.steps.next)
    if program.database.place.is_sqlite:
        protect_by_a_passphrase(window, qtbot)
    qtbot.waitUntil(lambda: isinstance(program.window, Shell))
    place = program.database.place
    assert not place.is_sqlite or is_encrypted(place.file)
    shell = program.window
    assert isinstance(shell, Shell)
    return shell


def protect_by_a_passphrase(window: FirstStartWindow, qtbot: QtBot) -> None:
    protect = window.protect
    protect.wanted.box.click()
    press(qtbot, window.steps.next)
    assert window.steps.step == 3, "no encryption without a passphrase"
    for field in (protect.phrase, protect.again):
        qtbot.keyClicks(field.line, PASSPHRASE)
    press(qtbot, window.steps.next)
    assert "Write it down" in protect.noted.error.text()
    protect.noted.box.click()
    press(qtbot, window.steps.next)


def counted(screen: Any, lines: int) -> int:
    """How many boxes the newest line has, once there are that many lines."""
    rows = screen.table.model.rows
    return int(max(rows, key=lambda line: line.id).packs) if len(rows) == lines else 0


def receive_everything(shell: Shell, qtbot: QtBot, numbers: set[str], per_item: int) -> dict[str, str]:
    """Scan a box of each item, by the GTIN on its smallest pack, into the main store; the labels by item number."""
    labels = {}
    shell.go("receive")
    qtbot.waitUntil(quiet(shell))
    screen: Any = shell.screen_in_front
    with shell.context.database.reading() as session:
        pages = [item_page(session, row.id) for row in item_rows(session) if row.number in numbers]
    for wanted, page in enumerate(pages, start=1):
        assert page is not None
        pack = next(each for each in reversed(page.item.packs) if each.gtin)
        label = f"]d201{pack.gtin}17281231\x1d10L{page.item.number.replace('-', '')}"
        labels[page.item.number] = label
        boxes = min(-(-per_item // pack.quantity), 15)
        for scan in range(1, boxes + 1):
            shell.on_scan(label)
            qtbot.waitUntil(lambda scan=scan, wanted=wanted: counted(screen, wanted) == scan)
    press(qtbot, screen.save_button)
    qtbot.waitUntil(lambda: screen.last_receipt is not None)
    return labels


def admit(shell: Shell, qtbot: QtBot) -> PatientId:
    shell.go("admit")
    qtbot.waitUntil(quiet(shell))
    screen: Any = shell.screen_in_front
    press(qtbot, screen.steps.next)
    assert screen.steps.step == 0, "an empty form is not let through"
    for field, typed in (
        (screen.last_name, "O'Shaughnessy"), (screen.born_on, "2/29/1960"),
        (screen.phone, "503-555-0177"), (screen.street, "12 Alder Street"), (screen.city, "Portland"),
        (screen.state, "OR"), (screen.zip, "97205-4321"),
    ):  # fmt: skip
        qtbot.keyClicks(field.line, typed)
    screen.first_name.set_value("Nguyễn")  # keyClicks cannot type this letter
    screen.sex.set_value(Sex.FEMALE)
    press(qtbot, screen.steps.next)
    qtbot.keyClicks(screen.diagnoses.line, "M86.9 Z45.2")
    screen.device.set_value(AccessKind.PICC)
    press(qtbot, screen.steps.next)
    screen.payer.combo.setCurrentIndex(0)
    qtbot.keyClicks(screen.member.line, "W12345678")
    qtbot.keyClicks(screen.covered_from.line, "1/1/2026")
    screen.relation.set_value(Relation.SELF)
    press(qtbot, screen.steps.next)
    order = screen.order
    order.therapy_class.set_value(TherapyClass.ANTI_INFECTIVE)
    qtbot.keyClicks(order.drug.line, "daptomycin 500 mg")
    order.item.set_value(next(meant for shown, meant in order.item._choices if DRUG in shown))
    order.route.set_value(Route.INTRAVENOUS)
    order.method.set_value(Method.AMBULATORY_PUMP)
    order.interval.set_value(24)
    order.starts_on.set_value(today())
    order.stops_on.set_value(today() + timedelta(days=DAYS - 1))
    order.ordered_on.set_value(today())
    name_the_prescriber(screen, qtbot)
    order.prescriber.combo.setCurrentIndex(0)
    press(qtbot, screen.steps.next)
    for check in screen.checks.values():
        check.set_value(True)
    press(qtbot, screen.steps.next)
    qtbot.waitUntil(lambda: quiet(shell)() and shell.screen_in_front is not screen)
    page: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: page.shown is not None)
    assert "O'Shaughnessy" in page.name.text()
    assert "Shaughnessy" not in shell.windowTitle(), "no patient's name in a window title"
    return PatientId(page.shown.page.id)


def shown(shell: Shell, qtbot: QtBot, place: str) -> Any:
    """The screen of a place, with its data."""
    shell.go(place)
    qtbot.waitUntil(quiet(shell))
    return shell.screen_in_front


def import_the_catalogue(shell: Shell, qtbot: QtBot, folder: Path) -> None:
    file = folder / "items.csv"
    file.write_bytes(resources.read("demonstration/items.csv"))
    screen = shown(shell, qtbot, "catalogue")
    press(qtbot, screen.import_button)
    dialog: Any = QApplication.activeModalWidget()
    dialog.read_file(file)
    qtbot.waitUntil(lambda: dialog.save_button.isEnabled())
    press(qtbot, dialog.save_button)
    qtbot.waitUntil(lambda: quiet(shell)() and len(screen.table.model.rows) > 300)


def register_the_pump(shell: Shell, qtbot: QtBot) -> str:
    """By the maker's label with its serial number; cleaned, checked, patient-ready. Its tag."""
    with shell.context.database.reading() as session:
        pages = [item_page(session, row.id) for row in item_rows(session) if row.number == PUMP]
    gtin = next(pack.gtin for pack in pages[0].item.packs) if pages[0] else ""
    board = shown(shell, qtbot, "equipment")
    shell.on_scan(f"]d201{gtin}21{SERIAL}")
    qtbot.waitUntil(lambda: QApplication.activeModalWidget() is not None)
    dialog: Any = QApplication.activeModalWidget()
    qtbot.waitUntil(lambda: dialog.model.value() is not None and dialog.serial.value() == SERIAL)
    press(qtbot, dialog.save_button)
    qtbot.waitUntil(lambda: board.panel.facts is not None and board.panel.facts.row.serial == SERIAL)
    press(qtbot, board.panel.buttons["Clean"])
    qtbot.waitUntil(lambda: board.panel.facts.row.state is AssetState.CLEANED)
    press(qtbot, board.panel.buttons["Check"])
    check = board.panel.check
    for name, value in (("Flow accuracy", "1.5"), ("Occlusion alarm", "12"), ("Battery", "95")):
        qtbot.keyClicks(check.fields[name], value)
        qtbot.keyClick(check.fields[name], Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: board.panel.facts.row.is_ready)
    return str(board.panel.facts.row.tag)


def agree_a_contract(shell: Shell, qtbot: QtBot, folder: Path) -> None:
    """The payer, its rules from a starter set, its prices from a file."""
    screen = shown(shell, qtbot, "payers")
    screen.add_payer()
    payer = screen.dialog
    qtbot.keyClicks(payer.name.line, "Cascadia Health Plan")
    qtbot.keyClicks(payer.code.line, "CHP01")
    payer.kind.set_value(PayerKind.COMMERCIAL)
    payer.press()
    qtbot.waitUntil(lambda: quiet(shell)() and len(screen.table.model.rows) == 1)
    screen.set_rules()
    rules = screen.dialog
    rules.rules.combo.setCurrentIndex(0)
    qtbot.waitUntil(lambda: rules.entered().name == "Commercial, access days")
    rules.press()
    qtbot.waitUntil(lambda: quiet(shell)() and screen.table.model.rows[0].rules_now != "")
    file = folder / "prices.csv"
    first = today().replace(month=1, day=1)
    file.write_text(f"code,rate,charge,starts_on\nS9500,118.00,190.00,{first}\nJ0878,0.55,1.10,{first}\n")
    screen.import_prices()
    prices = screen.dialog
    prices.read_file(file)
    qtbot.waitUntil(prices.save_button.isEnabled)
    prices.press()
    qtbot.waitUntil(lambda: quiet(shell)() and len(screen.fees.model.rows) == 2)


def add_a_colleague(shell: Shell, qtbot: QtBot) -> None:
    screen = shown(shell, qtbot, "people")
    screen.add()
    dialog = screen.dialog
    for field, typed in (
        (dialog.name, "Tom Second"), (dialog.username, "tom"), (dialog.password, PASSWORD), (dialog.badge, "1002"),
    ):  # fmt: skip
        qtbot.keyClicks(field.line, typed)
    dialog.checks[Role.TECHNICIAN].set_value(True)
    press(qtbot, dialog.save)
    qtbot.waitUntil(lambda: quiet(shell)() and len(screen.table.model.rows) == 2)
    database, tom = shell.context.database, next(row.user.id for row in screen.table.model.rows if row.badge)
    change_password(database, tom, PASSWORD, "known to me alone")  # As Tom does when he signs in.
    set_pin(database, tom, "known to me alone", "1002", "2580")


def name_the_prescriber(screen: Any, qtbot: QtBot) -> None:
    screen._new_prescriber()
    form, dialog = screen.dialog.form, screen.dialog
    qtbot.keyClicks(form.last_name.line, "Hartmann")
    qtbot.keyClicks(form.first_name.line, "Lena")
    qtbot.keyClicks(form.npi.line, "1234567890")
    dialog.press()
    assert "NPI" in form.npi.error.text(), "a wrong check digit is not let through"
    form.npi.line.clear()
    qtbot.keyClicks(form.npi.line, "1234567893")
    dialog.press()
    qtbot.waitUntil(lambda: screen.order.prescriber.combo.count() > 0 and not screen.desk.jobs.running)


def plan_the_delivery(shell: Shell, qtbot: QtBot, patient: PatientId) -> Any:
    """The kit for all days, each number with its reason; released: its page."""
    shell.open("new delivery", patient)
    screen: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: screen.shown is not None and quiet(shell)())
    screen.last.set_value(today() + timedelta(days=DAYS - 1))
    qtbot.waitUntil(lambda: quiet(shell)() and screen.shown is not None and screen.shown.lines[0].to_send == DAYS)
    assert screen.shown.lines[0].why == "1 per dose × 7 doses (1 a day on 7 days) = 7"
    press(qtbot, screen.save_button)
    qtbot.waitUntil(lambda: shell.screen_in_front is not screen and quiet(shell)())
    page: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: page.shown is not None)
    press(qtbot, page.buttons["release"])
    qtbot.waitUntil(lambda: page.shown.row.state is DeliveryState.RELEASED)
    assert "short" not in page.found.text.text()
    return page


def at_the_bench(shell: Shell, qtbot: QtBot, number: str, labels: dict[str, str], tag: str) -> None:
    """Picked and verified by scan, by two people; packed; the manifest looked at; handed over."""
    shell.on_scan(f"DLV:{number}")
    qtbot.waitUntil(lambda: type(shell.screen_in_front).__name__ == "BenchScreen")
    bench: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: bench.state is DeliveryState.RELEASED and quiet(shell)())
    scan_every_line(shell, bench, qtbot, labels, tag, DeliveryState.PICKED)
    shell.on_scan(labels[DRUG])
    qtbot.waitUntil(lambda: "second person" in bench.answer.text.text())
    shell.on_scan("USR:1002")
    qtbot.keyClicks(bench.dialog.pin.line, "2580")
    qtbot.keyClick(bench.dialog.pin.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bench.verifier is not None)
    scan_every_line(shell, bench, qtbot, labels, tag, DeliveryState.VERIFIED)
    panel = bench.pack_panel
    qtbot.waitUntil(lambda: bench.side.currentWidget() is panel)
    for field in (panel.totes, panel.cold_packs):
        field.line.clear()
        qtbot.keyClicks(field.line, "1")
    qtbot.keyClick(panel.cold_packs.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bench.state is DeliveryState.PACKED)
    press(qtbot, bench.ship_panel.print_button)
    qtbot.waitUntil(lambda: bool(bench.findChildren(PdfDialog)))
    manifest = bench.findChildren(PdfDialog)[0]
    qtbot.waitUntil(lambda: manifest.preview.pages > 0)
    text = words(manifest.preview._pdf)
    for expected in (number, "O'Shaughnessy", SERIAL, "LDRGDAPT01", "Driver (not the recipient)"):
        assert expected in text, expected
    manifest.reject()
    qtbot.waitUntil(lambda: bench.kept is not None and bench.kept.page.row.printed == 1)
    press(qtbot, bench.ship_panel.ship)
    qtbot.waitUntil(lambda: bench.state is DeliveryState.SHIPPED)


def scan_every_line(
    shell: Shell, bench: Any, qtbot: QtBot, labels: dict[str, str], tag: str, until: DeliveryState
) -> None:
    """A box is scanned once and the rest of its line counted; a pump is scanned by its tag."""
    for index, line in enumerate(bench.lines):
        shell.on_scan(labels[line.number] if line.is_lot else f"AST:{tag}")
        qtbot.waitUntil(lambda index=index: bench.state is until or bench.lines[index].done > 0)
        if bench.state is not until and not bench.lines[index].is_done:
            bench.table.select_ids([line.id])
            qtbot.keyClicks(bench.next_panel.quantity.line, str(line.wanted - bench.lines[index].done))
            qtbot.keyClick(bench.next_panel.quantity.line, Qt.Key.Key_Return)
            qtbot.waitUntil(lambda index=index: bench.state is until or bench.lines[index].is_done)
    qtbot.waitUntil(lambda: bench.state is until)


def signed_for(shell: Shell, qtbot: QtBot, delivery: object) -> None:
    shell.open("delivery", delivery)
    page: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: page.shown is not None and page.buttons["deliver"].isVisible())
    press(qtbot, page.buttons["deliver"])
    dialog = page.dialog
    qtbot.keyClicks(dialog.received_by.line, "Sean O'Shaughnessy")
    dialog.relation.set_value("spouse")
    qtbot.mousePress(dialog.pad, Qt.MouseButton.LeftButton, pos=QPoint(40, 60))
    qtbot.mouseMove(dialog.pad, QPoint(120, 40))
    qtbot.mouseRelease(dialog.pad, Qt.MouseButton.LeftButton, pos=QPoint(180, 70))
    press(qtbot, dialog.save_button)
    qtbot.waitUntil(lambda: page.shown.row.state is DeliveryState.DELIVERED)


def words(pdf: bytes) -> str:
    from pypdfium2 import PdfDocument

    with PdfDocument(pdf) as document:
        return "".join(page.get_textpage().get_text_bounded() for page in document)


def test_from_a_fresh_machine_to_a_claim_summary(program: Application, qtbot: QtBot, tmp_path: Path) -> None:
    shell = first_start(program, qtbot)
    import_the_catalogue(shell, qtbot, tmp_path)
    tag = register_the_pump(shell, qtbot)
    kits = shown(shell, qtbot, "kits")
    press(qtbot, kits.starter)
    qtbot.waitUntil(lambda: quiet(shell)() and len(kits.table.model.rows) >= 12)
    kit = next(row.kept for row in kits.table.model.rows if row.kept.template.code == KIT)
    with shell.context.database.reading() as session:
        names = {row.id: row.number for row in item_rows(session)}
    numbers = {
        names[line.item_id] for line in kit.template.lines
        if line.item_id and not line.optional and not (line.access_kinds and AccessKind.PICC not in line.access_kinds)
    }  # fmt: skip
    labels = receive_everything(shell, qtbot, numbers, 30)
    with shell.context.database.reading() as session:
        assert {row.item_number for row in stock_rows(session)} == numbers
    agree_a_contract(shell, qtbot, tmp_path)
    add_a_colleague(shell, qtbot)
    patient = admit(shell, qtbot)
    page = plan_the_delivery(shell, qtbot, patient)
    delivery, number = page.delivery_id, page.shown.row.number
    at_the_bench(shell, qtbot, number, labels, tag)
    signed_for(shell, qtbot, delivery)

    month = shown(shell, qtbot, "month")
    month.month.set_value(month_of(today()))
    qtbot.waitUntil(quiet(shell))
    press(qtbot, month.count_button)
    qtbot.waitUntil(lambda: quiet(shell)() and len(month.table.model.rows) == 1)
    [claim] = month.table.model.rows
    shell.open("claim", claim.id)
    claimed: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: claimed.shown is not None and quiet(shell)())
    per_diem = claimed.shown.lines[0]
    days = min(DAYS, month_of(today()).last.day - today().day + 1)
    assert (per_diem.code, int(per_diem.units)) == ("S9500", days)
    qtbot.waitUntil(lambda: f"delivery {number}, delivered with proof" in claimed.why.toPlainText())
    claimed.papers.summary()
    qtbot.waitUntil(lambda: hasattr(claimed.papers, "dialog") and quiet(shell)())
    text = words(claimed.papers.dialog.preview._pdf)
    for expected in ("S9500", "J0878", "O'Shaughnessy", number):
        assert expected in text, expected
    claimed.papers.dialog.close()
    assert verify_books(shell.context.database) == ()
    log = (tmp_path / "logs" / "infusion-desktop.log").read_text(encoding="utf-8")
    assert "Shaughnessy" not in log
    shell.sign_out_asked.emit()
    assert isinstance(program.window, SignInWindow)
