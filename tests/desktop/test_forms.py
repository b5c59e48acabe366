"""Fields say below themselves what is wrong; steps wait; a picker finds; a signature becomes a picture."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from infusion_desktop.desktop.forms import (
    CheckField,
    ChoiceField,
    DayField,
    Form,
    MoneyField,
    NotesField,
    QuantityField,
    TextField,
)
from infusion_desktop.desktop.jobs import Jobs
from infusion_desktop.desktop.pages import Steps
from infusion_desktop.desktop.picker import Picker
from infusion_desktop.desktop.signature import SignaturePad
from infusion_desktop.errors import Refused


def _form(qtbot: QtBot, *fields: object) -> Form:
    form = Form()
    form.section("Person", fields)  # type: ignore[arg-type]
    qtbot.addWidget(form)
    form.show()
    return form


def test_a_typed_day_is_read_and_a_wrong_one_is_explained_below(qtbot: QtBot) -> None:
    born = DayField("Date of birth", required=True)
    form = _form(qtbot, born)
    assert not form.check()
    assert born.error.text() == "Date of birth is needed."
    qtbot.keyClicks(born.line, "2/30/2026")
    assert born.error.text() == ""
    assert not form.check()
    assert "not a day of the calendar" in born.error.text()
    assert born.error.isVisible()
    born.line.clear()
    qtbot.keyClicks(born.line, "3/31/26")
    assert form.check()
    assert born.value() == date(2026, 3, 31)
    born.set_value(date(2026, 12, 1))
    assert born.line.text() == "12/1/2026"


@pytest.mark.parametrize(("typed", "amount"), [("1,234.5", "1234.50"), ("$12", "12.00"), ("0", "0.00")])
def test_money_is_read_as_decimal(qtbot: QtBot, typed: str, amount: str) -> None:
    copay = MoneyField("Copay")
    form = _form(qtbot, copay)
    copay.line.setText(typed)
    assert form.check()
    assert copay.value() == Decimal(amount)


@pytest.mark.parametrize("typed", ["1e5", "NaN", "-1", "1_000", "12.345", "١٢"])
def test_what_is_no_amount_is_refused_below_the_field(qtbot: QtBot, typed: str) -> None:
    copay = MoneyField("Copay")
    form = _form(qtbot, copay)
    copay.line.setText(typed)
    assert not form.check()
    assert copay.error.text()


@pytest.mark.parametrize(("typed", "right"), [("12", True), ("1,200", True), ("0", False), ("-1", False), ("²", False)])
def test_quantities_are_whole_numbers_in_their_range(qtbot: QtBot, typed: str, right: bool) -> None:
    home = QuantityField("At home", least=1, unit="each")
    form = _form(qtbot, home)
    home.line.setText(typed)
    assert form.check() is right
    assert home.caption.text() == "At home (each)"


def test_a_text_is_read_by_its_own_rule(qtbot: QtBot) -> None:
    def read(text: str) -> str:
        if not text.isdigit():
            raise Refused("An NPI has 10 digits.")
        return text

    npi = TextField("NPI", read=read)
    form = _form(qtbot, npi)
    qtbot.keyClicks(npi.line, "12x")
    assert not form.check()
    assert npi.error.text() == "An NPI has 10 digits."
    assert npi.editor.accessibleDescription() == "An NPI has 10 digits."


def test_the_first_wrong_field_gets_the_focus(qtbot: QtBot) -> None:
    name, sex = TextField("Name", required=True), ChoiceField("Sex", [("Female", "F"), ("Male", "M")], required=True)
    form = _form(qtbot, name, sex)
    form.activateWindow()
    name.set_value("Ann")
    assert not form.check()
    qtbot.waitUntil(lambda: sex.combo.hasFocus())
    sex.set_value("F")
    assert form.check()


def test_a_choice_is_found_by_typing_and_nothing_else_is_taken(qtbot: QtBot) -> None:
    payer = ChoiceField("Payer", [("Blue Plan", 1), ("Green Plan", 2)], required=True)
    form = _form(qtbot, payer)
    payer.combo.setEditText("green plan")
    assert payer.value() == 2
    payer.combo.setEditText("Red Plan")
    assert not form.check()
    assert payer.error.text() == "Choose one from the list."
    payer.set_value(1)
    payer.set_choices([("Green Plan", 2), ("Blue Plan", 1)])
    assert payer.value() == 1
    payer.set_choices([("Green Plan", 2)])
    assert payer.value() is None


def test_notes_and_checks_hold_what_was_entered(qtbot: QtBot) -> None:
    notes, latex = NotesField("Notes", required=True), CheckField("Latex allergy")
    form = _form(qtbot, notes, latex)
    assert not form.check()
    notes.set_value("Ring twice\n")
    latex.box.click()
    assert form.check()
    assert (notes.value(), latex.value()) == ("Ring twice", True)


def test_steps_wait_until_a_page_is_complete(qtbot: QtBot) -> None:
    steps, complete = Steps("Admit"), [False]
    steps.add_step("Person", QWidget(), lambda: complete[0])
    steps.add_step("Therapy", QWidget())
    steps.seal()
    qtbot.addWidget(steps)
    steps.next.click()
    assert steps.step == 0
    complete[0] = True
    steps.next.click()
    assert (steps.step, steps.next.text()) == (1, "Admit")
    with qtbot.waitSignal(steps.finished):
        steps.next.click()
    steps.back.click()
    assert steps.step == 0


def test_a_picker_finds_while_typing_and_enter_picks(qtbot: QtBot, jobs: Jobs) -> None:
    names = ("Ann Lovelace", "Bea Curie", "Anna Hopper")

    def find(typed: str) -> Sequence[str]:
        return [name for name in names if typed.lower() in name.lower()]

    picker = Picker(jobs, find, lambda name: name)
    qtbot.addWidget(picker)
    picker.show()
    qtbot.keyClicks(picker.field, "ann")
    qtbot.waitUntil(lambda: picker.rows == ["Ann Lovelace", "Anna Hopper"])
    qtbot.keyClick(picker.field, Qt.Key.Key_Down)
    with qtbot.waitSignal(picker.picked) as picked:
        qtbot.keyClick(picker.field, Qt.Key.Key_Return)
    assert picked.args == ["Anna Hopper"]
    with qtbot.waitSignal(picker.picked) as picked:
        picker.look_for("Curie")
    assert picked.args == ["Bea Curie"]
    picker.field.setText("zzz")
    qtbot.waitUntil(lambda: picker.note.text().startswith("Nothing found"))


def test_a_signature_is_a_picture_with_ink_and_nothing_while_blank(qtbot: QtBot) -> None:
    pad = SignaturePad()
    qtbot.addWidget(pad)
    pad.resize(400, 150)
    pad.show()
    assert pad.png() == b""
    qtbot.mousePress(pad, Qt.MouseButton.LeftButton, pos=QPoint(40, 60))
    for x in range(50, 300, 10):
        qtbot.mouseMove(pad, QPoint(x, 60 + x % 30))
    qtbot.mouseRelease(pad, Qt.MouseButton.LeftButton, pos=QPoint(300, 70))
    picture = QImage.fromData(pad.png())
    assert (picture.width(), picture.height()) == (800, 300)
    assert any(picture.pixelColor(x, 120).black() > 200 for x in range(70, 100))
    pad.clear()
    assert pad.is_blank
