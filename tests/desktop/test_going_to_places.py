"""No place holds the window long when it is first gone to; `benchmarks/places.py` measures it with data."""

import time
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTableView,
    QTabWidget,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from infusion_desktop.access.roles import Permission
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.rooms import house, read_all
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.desktop.table_view import TableView
from tests.desktop.conftest import LOT_COLUMNS, Lot, make_lots
from tests.effort import TRIES, plain_piece

CONTROLS = (QPushButton, QToolButton, QLineEdit, QPlainTextEdit, QComboBox, QTableView)
PIECES = 15
"""Of plain work: some three times the goal."""


def test_no_place_holds_the_window_long(context: Context, qtbot: QtBot) -> None:
    read_all()
    everything = replace(context, permissions=frozenset(Permission))
    places = house(everything).places
    assert len(places) > 30
    for _ in range(TRIES):
        shell = Shell(everything, places)
        qtbot.addWidget(shell)
        shell.show()
        held: dict[str, float] = {}
        for place in places:
            begun = time.thread_time()
            shell.go(place.key)
            held[place.key] = time.thread_time() - begun
        shell.jobs.close()
        most = PIECES * plain_piece()
        if max(held.values()) < most:
            break
    assert max(held.values()) < most, {key: taken for key, taken in held.items() if taken > most / 3}


def test_every_control_of_every_place_says_what_it_is(context: Context, qtbot: QtBot) -> None:
    everything = replace(context, permissions=frozenset(Permission))
    shell = Shell(everything, house(everything).places)
    qtbot.addWidget(shell)
    shell.show()
    seen, nameless = 0, set[str]()
    for place in house(everything).places:
        shell.go(place.key)
        screen = shell.screen_in_front
        assert screen is not None
        for tabs in screen.findChildren(QTabWidget):
            for tab in range(tabs.count()):
                tabs.setCurrentIndex(tab)  # What is behind a tab is made when it is seen.
        for each in screen.findChildren(QWidget):
            if isinstance(each, CONTROLS) and not each.isHidden() and not isinstance(each.parent(), QComboBox):
                seen += 1
                if not name_of(each):
                    nameless.add(f"{place.key}: {type(each).__name__} in {type(each.parent()).__name__}")
    shell.jobs.close()
    assert seen > 500
    assert nameless == set()


def name_of(control: QWidget) -> str:
    """What a screen reader says of it."""
    told = QAccessible.queryAccessibleInterface(control)
    return told.text(QAccessible.Text.Name).strip() if told is not None else ""


def test_the_window_has_the_look_and_not_the_application(qapp: QApplication, make_shell: Callable[..., Shell]) -> None:
    """Qt styles every part anew at each step of its making where the stylesheet is the application's."""
    assert make_shell().styleSheet()
    assert not qapp.styleSheet()


def test_a_list_is_made_when_it_is_seen(qtbot: QtBot) -> None:
    view: TableView[Lot] = TableView(LOT_COLUMNS, lambda lot: lot.id, name="Lots")
    qtbot.addWidget(view)
    view.set_rows(make_lots(30))
    assert view.current_row() is None
    assert view.findChildren(QLineEdit) == []
    view.show()
    assert view.filter.isVisible()
    assert view.count.text() == "30 rows"
