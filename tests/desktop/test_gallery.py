"""Pictures of the shell, light and dark; run with GALLERY=folder to keep them and look at them."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from infusion_desktop.desktop import theme
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Desk
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
from infusion_desktop.desktop.pages import Card, Page, Steps, scrolled
from infusion_desktop.desktop.question import Question, QuestionDialog
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.desktop.signature import SignaturePad


def _keep(widget: QWidget, name: str, tmp_path: Path) -> None:
    folder = Path(os.environ.get("GALLERY", tmp_path))
    QApplication.processEvents()
    picture = widget.grab()
    assert picture.save(str(folder / f"{name}.png"))
    image = picture.toImage()
    seen = {image.pixel(x, y) for x in range(0, image.width(), 40) for y in range(0, image.height(), 40)}
    assert len(seen) > 3, "the picture is blank"


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080)])
@pytest.mark.parametrize("dark", [False, True])
def test_the_shell_can_be_looked_at(
    make_shell: Callable[..., Shell], qtbot: QtBot, look: theme.Theme, tmp_path: Path, dark: bool, size: tuple[int, int]
) -> None:
    look.apply(dark)
    shell = make_shell()
    shell.resize(*size)
    shell.go("stock")
    screen = shell.screen_in_front
    qtbot.waitUntil(lambda: len(screen.table.model.shown) == 400)
    screen.table.grid.selectRow(2)
    name = f"{'dark' if dark else 'light'}-{size[0]}"
    _keep(shell, f"shell-{name}", tmp_path)
    screen.table.chips[0][1].setChecked(True)
    shell.messages.refused(("Lot A12 expired on Feb 3, 2026. Pick another lot.",), screen)
    shell.messages.said("Received 3 lots.")
    shell.command_field.start()
    qtbot.waitUntil(lambda: screen.table.width() > 0)
    _keep(shell, f"busy-{name}", tmp_path)
    shell.command_field.close_popup()
    shell.messages.beep = lambda: None
    shell.messages.wrong("Wrong item: this kit needs a Huber needle")
    screen.table.filter.setText("no such thing")
    screen.table.apply_filter()
    _keep(shell, f"wrong-{name}", tmp_path)


@pytest.mark.parametrize("dark", [False, True])
def test_forms_and_questions_can_be_looked_at(
    qtbot: QtBot, look: theme.Theme, desk: Desk, tmp_path: Path, dark: bool
) -> None:
    look.apply(dark)
    window = QWidget()
    qtbot.addWidget(window)
    page = Page(window, "Admit a patient")
    steps = Steps("Admit")
    form = Form()
    name, birth = TextField("Name", required=True), DayField("Date of birth", required=True)
    form.section(
        "Person", (name, birth), (ChoiceField("Sex", [("Female", "F"), ("Male", "M")]), TextField("Telephone")),
        (NotesField("Delivery instructions", hint="Shown on the manifest."),),
    )  # fmt: skip
    form.section("Stock", (QuantityField("At home", unit="each"), MoneyField("Copay"), CheckField("Latex allergy")))
    form.end()
    card = Card("Who")
    card.add(form)
    card.add(SignaturePad())
    for title in ("Person", "Coverage", "Therapy"):
        steps.add_step(title, scrolled(card) if title == "Person" else QWidget(), form.check)
    steps.seal()
    page.add(steps, 1)
    window.resize(1000, 800)
    window.show()
    steps.go_on()
    assert steps.step == 0
    _keep(window, f"form-{'dark' if dark else 'light'}", tmp_path)
    question = Question("Are you sure?", ("This lot expires in 9 days.",), needs_reason=True, tone=Tone.WARN)
    dialog = QuestionDialog(question, lambda _answer: None, None)
    qtbot.addWidget(dialog)
    dialog.show()
    _keep(dialog, f"question-{'dark' if dark else 'light'}", tmp_path)
