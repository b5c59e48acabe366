"""At the bench waste is recorded by typing, seen in billing units at once, and a mistake is taken back."""

from datetime import date
from decimal import Decimal

import pytest

from infusion_desktop.access.roles import Permission, Role
from infusion_desktop.desktop.billing.waste_screen import WasteDialog, WasteScreen
from infusion_desktop.desktop.context import Context


@pytest.fixture
def screen(office, staff, desk, qtbot):
    item = office.item("ceftriaxone 2 g vial", "J0696", hcpcs_units_per_unit=Decimal(8))
    therapy = office.orders("ceftriaxone 1.4 g", date(2026, 3, 1), date(2026, 3, 7), drug_item_id=item)
    other = office.item("lidocaine 10 mL", "J2001", ndc="00409427601")
    delivery = office.delivers(date(2026, 3, 1), date(2026, 3, 7), {item: 7, other: 7}, therapy=therapy)
    made = WasteScreen(Context(office.database, staff[Role.TECHNICIAN], "Tess Tech", frozenset(Permission)), desk)
    qtbot.addWidget(made)
    made.resize(1280, 760)
    made.show()
    desk.changes.changed.connect(lambda _topics: made.load())
    made.show_record("waste", delivery)
    qtbot.waitUntil(lambda: made.drugs.current_row() is not None)
    return made


def test_waste_is_recorded_and_taken_back(screen, qtbot):
    screen.record()
    dialog = screen.dialog
    assert isinstance(dialog, WasteDialog)
    qtbot.keyClicks(dialog.amount.line, "2.1")
    assert dialog.units.text().startswith("16 units of J0696 are billed with JW")
    dialog.press()
    assert "needed" in dialog.reason.error.text()
    qtbot.keyClicks(dialog.reason.line, "0.3 of each of seven vials")
    dialog.press()
    qtbot.waitUntil(lambda: len(screen.entries.model.rows) == 1)
    assert screen.drugs.model.rows[0].billing_units == 16
    screen.entries.select_ids([screen.entries.model.rows[0].entry.id])
    screen.take_back()
    back = screen.dialog
    qtbot.keyClicks(back.reason.text, "another delivery's")
    back.press()
    qtbot.waitUntil(lambda: screen.entries.model.rows[0].entry.taken_back)
    assert screen.drugs.model.rows[0].discarded == 0


def test_drugs_made_into_one_are_a_compound_until_they_are_taken_apart(screen, qtbot):
    def compounds():
        return [row.compound for row in screen.drugs.model.rows]

    screen.drugs.grid.selectAll()
    screen.compound()
    qtbot.waitUntil(lambda: compounds() == ["D000001C1"] * 2)
    screen.take_apart()
    qtbot.keyClicks(screen.dialog.reason.text, "given apart")
    screen.dialog.press()
    qtbot.waitUntil(lambda: compounds() == ["", ""])
