"""Enter presses what has the focus and nothing else; in steps it goes on (DESIGN: everything by keyboard)."""

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QMenu, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from infusion_desktop.desktop.buttons import button, tool
from infusion_desktop.desktop.jobs import Jobs
from infusion_desktop.desktop.pages import Steps
from infusion_desktop.desktop.picker import Picker


def shown(qtbot: QtBot, window: QWidget, *parts: QWidget) -> QWidget:
    column = QVBoxLayout(window)
    for each in parts:
        column.addWidget(each)
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitExposed(window)
    return window


def enter(qtbot: QtBot, on: QWidget, key: Qt.Key = Qt.Key.Key_Return) -> None:
    on.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is on)
    qtbot.keyClick(on, key)


@pytest.mark.parametrize("window", [QWidget, QDialog])
@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_enter_presses_the_button_that_has_the_focus(qtbot: QtBot, window: Any, key: Qt.Key) -> None:
    pressed: list[str] = []
    save = button("Save", lambda: pressed.append("save"), kind="primary")
    cancel = button("Cancel", lambda: pressed.append("cancel"))
    more = tool("refresh", "Again", lambda: pressed.append("again"))
    around = shown(qtbot, window(), save, cancel, more)
    if window is QDialog:
        save.setDefault(True)
    for each in (cancel, more, save):
        enter(qtbot, each, key)
    assert pressed == ["cancel", "again", "save"]
    around.close()


def test_enter_opens_a_menu(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    papers, opened = button("Papers"), []
    papers.setMenu(QMenu(papers))
    monkeypatch.setattr(papers, "showMenu", lambda: opened.append(1))
    around = shown(qtbot, QWidget(), papers)
    enter(qtbot, papers)
    assert opened == [1]
    around.close()


def test_enter_in_a_field_goes_to_the_next_step_once_the_page_is_complete(qtbot: QtBot) -> None:
    steps, first, second, finished = Steps(), QLineEdit(), QLineEdit(), []
    steps.add_step("One", first, lambda: bool(first.text()))
    steps.add_step("Two", second)
    steps.seal()
    steps.finished.connect(lambda: finished.append(1))
    around = shown(qtbot, QWidget(), steps)
    enter(qtbot, first)
    assert steps.step == 0, "something is missing"
    qtbot.keyClicks(first, "x")
    enter(qtbot, first)
    assert (steps.step, finished) == (1, [])
    enter(qtbot, steps.back)
    assert steps.step == 0, "who stands on Back goes back"
    enter(qtbot, first)
    enter(qtbot, second)
    assert finished == [1]
    around.close()


def test_enter_in_a_picker_picks_and_presses_nothing_around_it(qtbot: QtBot) -> None:
    pressed: list[object] = []
    dialog = QDialog()
    picker = Picker(Jobs(dialog), lambda typed: [f"{typed}-1"], str)
    save = button("Save", lambda: pressed.append("save"))
    save.setDefault(True)
    picker.picked.connect(pressed.append)
    shown(qtbot, dialog, picker, save)
    qtbot.keyClicks(picker.field, "A")
    qtbot.waitUntil(lambda: picker.rows == ["A-1"])
    enter(qtbot, picker.field)
    assert pressed == ["A-1"]
    dialog.close()
