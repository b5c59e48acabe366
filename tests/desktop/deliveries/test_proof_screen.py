"""The signed sheets of a day scanned in a stack, completed from their pictures; what comes back later; corrections."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from infusion_desktop.dates import Days, today
from infusion_desktop.deliveries.bench.picking import pick_all
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.bench.shipping import pack, ship
from infusion_desktop.deliveries.bench.verifying import verify_all
from infusion_desktop.deliveries.door.proof import attachments_of, corrections_of
from infusion_desktop.deliveries.papers import print_manifests
from infusion_desktop.deliveries.plans.planning import Wanted, plan_items
from infusion_desktop.deliveries.queries import DeliveryPage, delivery_page
from infusion_desktop.deliveries.verify import problems
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.desktop.deliveries.after_dialogs import BackLaterDialog, CorrectProofDialog
from infusion_desktop.desktop.deliveries.deliver_dialog import DeliverDialog
from infusion_desktop.desktop.deliveries.delivery_screen import DeliveryScreen
from infusion_desktop.desktop.deliveries.proof_screen import ProofScreen
from infusion_desktop.desktop.deliveries.whose_dialog import WhoseDialog
from infusion_desktop.desktop.shell import Shell

from .conftest import House

Open = Callable[..., Shell]
NEXT = Days(today(), today() + timedelta(days=6))


@pytest.fixture
def on_the_way(house: House) -> list[DeliveryId]:
    """Two deliveries that left."""
    made = []
    for _ in range(2):
        wanted = [Wanted(house.flush, 5, "asked for")]
        each = plan_items(house.database, house.patient, NEXT, today(), wanted, house.pharmacist)
        left(house, each)
        made.append(each)
    return made


def left(house: House, delivery: DeliveryId) -> None:
    """From the draft out of the house."""
    release(house.database, delivery, house.pharmacist)
    pick_all(house.database, delivery, house.technician)
    verify_all(house.database, delivery, house.pharmacist)
    pack(house.database, delivery, 1, 1, house.technician)
    ship(house.database, delivery, house.technician)


def page_of(house: House, delivery: DeliveryId) -> DeliveryPage:
    with house.database.reading() as session:
        return delivery_page(session, delivery, today())


def as_scanned(house: House, deliveries: list[DeliveryId], file: Path, spoilt: int = -1) -> None:
    """The signed manifests as one PDF of pictures from the office scanner; one code may be spoilt."""
    import pypdfium2

    pages = []
    for number, each in enumerate(deliveries):
        with pypdfium2.PdfDocument(print_manifests(house.database, [each], house.technician)) as document:
            picture = document[0].render(scale=130 / 72).to_pil().convert("L")
        if number == spoilt:
            picture.paste(180, (picture.width - 200, 0, picture.width, 200))
        pages.append(picture.rotate(0.5, fillcolor=255))
    out = BytesIO()
    pages[0].save(out, "PDF", save_all=True, append_images=pages[1:], resolution=130)
    file.write_bytes(out.getvalue())


def test_a_stack_of_signed_sheets_completes_the_proofs(
    open_shell: Open, house: House, on_the_way: list[DeliveryId], qtbot: QtBot, tmp_path: Path
) -> None:
    shell = open_shell("proof")
    screen = shell.screen_in_front
    assert isinstance(screen, ProofScreen)
    qtbot.waitUntil(lambda: len(screen.table.model.rows) == 2)
    as_scanned(house, on_the_way, tmp_path / "stack.pdf", spoilt=1)
    screen.read(tmp_path / "stack.pdf")
    qtbot.waitUntil(lambda: isinstance(screen.dialog, DeliverDialog))
    dialog = screen.dialog
    assert isinstance(dialog, DeliverDialog)
    assert dialog.picture.isVisibleTo(dialog) and not dialog.picture.page.pixmap().isNull()
    qtbot.keyClicks(dialog.received_by.line, "Bob Abernathy")
    dialog.relation.set_value("spouse")
    qtbot.keyClicks(dialog.signed_on.line, f"{(today() - timedelta(days=1)).isoformat()}")
    assert "only the same day" in dialog.differs.text() and dialog.differs.isVisibleTo(dialog)
    dialog.signed_on.set_value(None)
    qtbot.keyClick(dialog.received_by.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page_of(house, on_the_way[0]).row.state is DeliveryState.DELIVERED)
    qtbot.waitUntil(lambda: screen.waiting_button.text() == "1 sheet waits")
    qtbot.mouseClick(screen.waiting_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: isinstance(screen.dialog, WhoseDialog))
    whose = screen.dialog
    assert isinstance(whose, WhoseDialog)
    qtbot.keyClicks(whose.number.line, "D999999")
    qtbot.keyClick(whose.number.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "no delivery D999999" in whose.banner.text.text())
    whose.on_scan(f"DLV:{page_of(house, on_the_way[1]).row.number}")
    qtbot.keyClick(whose.number.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: isinstance(screen.dialog, DeliverDialog) and screen.dialog is not dialog)
    second = screen.dialog
    assert isinstance(second, DeliverDialog)
    qtbot.keyClicks(second.received_by.line, "Neighbor Nel")
    second.relation.set_value("neighbor")
    qtbot.keyClick(second.received_by.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(screen.table.model.rows) == 0)
    assert screen.waiting_button.isHidden()
    assert page_of(house, on_the_way[1]).proof is not None


def test_on_the_delivery_page_things_come_back_later_and_the_proof_is_corrected(
    open_shell: Open, house: House, on_the_way: list[DeliveryId], qtbot: QtBot, tmp_path: Path
) -> None:
    delivery = on_the_way[0]
    shell = open_shell("deliveries")
    shell.open("delivery", delivery)
    page = shell.screen_in_front
    assert isinstance(page, DeliveryScreen)
    qtbot.waitUntil(lambda: page.buttons["deliver"].isVisible())
    page.deliver()
    dialog = page.dialog
    assert isinstance(dialog, DeliverDialog)
    qtbot.keyClicks(dialog.received_by.line, "Bob")
    dialog.relation.set_value("spouse")
    Image.new("RGB", (30, 30), "green").save(tmp_path / "door.jpg")
    dialog.take_photo(tmp_path / "door.jpg")
    qtbot.waitUntil(lambda: bool(dialog.photo[0]))
    qtbot.mouseClick(dialog.back_button, Qt.MouseButton.LeftButton)
    lot = dialog.back.lots[0][0]
    qtbot.keyClicks(dialog.back.lots[0][1], "1")
    assert dialog.back.goes[lot.id].text().startswith("goes to waste: a drug")
    qtbot.keyClick(dialog.received_by.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.buttons["later"].isVisible())
    with house.database.reading() as session:
        assert [row.kind.value for row in attachments_of(session, delivery)] == ["photo"]
    qtbot.mouseClick(page.buttons["later"], Qt.MouseButton.LeftButton)
    back = page.dialog
    assert isinstance(back, BackLaterDialog)
    back.lot.combo.setCurrentIndex(0)
    assert "It goes to waste" in back.goes.text()
    qtbot.keyClicks(back.units.line, "2")
    qtbot.keyClicks(back.why.line, "left over")
    qtbot.keyClick(back.why.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page_of(house, delivery).lines[0].lots[0].came_back == 3)
    page.corrections["never"].trigger()
    never = page.dialog
    assert isinstance(never, BackLaterDialog)
    never.lot.combo.setCurrentIndex(0)
    qtbot.keyClicks(never.units.line, "1")
    qtbot.keyClicks(never.why.line, "found beside the scale")
    qtbot.keyClick(never.why.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page_of(house, delivery).lines[0].lots[0].came_back == 4)
    page.corrections["correct"].trigger()
    right = page.dialog
    assert isinstance(right, CorrectProofDialog)
    right.received_by.set_value("Bob Abernathy")
    qtbot.keyClicks(right.why.line, "the last name was missing")
    qtbot.keyClick(right.why.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.head.proof_text.text().startswith("Bob Abernathy (spouse)"))
    qtbot.waitUntil(lambda: len(page.after.corrections.model.rows) == 2)
    with house.database.reading() as session:
        assert "Bob (spouse)" in corrections_of(session, delivery)[1].was
        assert problems(session) == ()
