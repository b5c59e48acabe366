"""The dashboard in the real window: figures over a demonstration pharmacy, each opening what is behind it."""

import shutil
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from infusion_desktop.access.people import everybody
from infusion_desktop.access.roles import Role
from infusion_desktop.database.engine import Place
from infusion_desktop.desktop.charts import ROW, Bar, BarChart
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.rooms import house
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.opening import open_pharmacy


def test_each_figure_opens_what_is_behind_it(qtbot: QtBot, demonstration: Path, tmp_path: Path) -> None:
    shutil.copy(demonstration, tmp_path / "pharmacy.db")
    database = open_pharmacy(Place.of(str(tmp_path / "pharmacy.db")))
    with database.reading() as session:
        user = next(user for user in everybody(session) if Role.MANAGER in user.roles)
    context = Context(database, user.id, user.name, frozenset(user.permissions), folder=tmp_path)
    shell = Shell(context, house(context).places)
    qtbot.addWidget(shell)
    shell.show()

    def settled() -> bool:
        return not shell.jobs.running

    shell.go("dashboard")
    qtbot.waitUntil(settled, timeout=20_000)
    screen: Any = shell.screen_in_front
    assert screen.figures["Stock at cost"].number.text().startswith("$")
    assert screen.figures["Margin a day"].number.text().startswith(("$", "-$"))
    assert screen.charts["Patients by therapy"].bars
    assert screen.rows.model.rows
    qtbot.mouseClick(screen.figures["Margin a day"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(settled, timeout=20_000)
    reports: Any = shell.screen_in_front
    assert reports.report.key == "margin by therapy"
    assert reports.table.model.rows
    shell.go_back()
    chart = screen.charts["Patients by therapy"]
    chart.setFocus()
    qtbot.keyClick(chart, Qt.Key.Key_Return)
    qtbot.waitUntil(settled, timeout=20_000)
    assert reports.report.key == "census"
    reports.tabs.setCurrentIndex(1)
    qtbot.waitUntil(settled, timeout=20_000)
    panel = reports.what_if
    panel.kind.set_value("Other supply prices")
    assert panel.percent.isVisible() and not panel.payer.isVisible()
    panel.percent.set_value("ten")
    panel.run()
    assert panel.found is None
    panel.percent.set_value("10")
    panel.run()
    qtbot.waitUntil(settled, timeout=20_000)
    assert panel.found.total.difference < 0 and panel.rows.model.rows
    panel.by.set_value("Payer")
    assert len(panel.rows.model.rows) == len({row.payer for row in panel.found.rows})
    panel.kind.set_value("Another contract")
    panel.payer.combo.setCurrentIndex(0)
    panel.like.combo.setCurrentIndex(1)
    panel.run()
    qtbot.waitUntil(settled, timeout=20_000)
    assert panel.found.what == "what the contract pays"
    database.close()


def test_bars_are_pressed_by_mouse_and_keys_and_read_out(qtbot: QtBot) -> None:
    chart = BarChart("Pumps by state")
    qtbot.addWidget(chart)
    chart.show_bars([Bar("Ready", 3, "3"), Bar("Out", -5, "-5"), Bar("A very long name " * 9, 0, "0")])
    chart.resize(400, chart.sizeHint().height())
    chart.show()
    qtbot.waitExposed(chart)
    pressed: list[int] = []
    chart.pressed.connect(pressed.append)
    qtbot.mouseClick(chart, Qt.MouseButton.LeftButton, pos=QPoint(20, ROW + 5))
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Space):
        qtbot.keyClick(chart, key)
    assert pressed == [1, 2, 0]
    assert chart.accessibleDescription().startswith("Ready 3; Out -5")
    assert not chart.grab().isNull()
    chart.show_bars([])
    assert not chart.grab().isNull()
