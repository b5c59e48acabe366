"""The dashboard in the real window: figures over a demonstration pharmacy, each opening what is behind it."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from infusion_desktop.access.people import everybody
from infusion_desktop.access.roles import Role
from infusion_desktop.database.engine import Place
from infusion_desktop.dates import Days, today
from infusion_desktop.desktop.charts import ROW, Bar, BarChart
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.rooms import house
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.money import show_money
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.reporting.dashboard import MARGIN_BY
from infusion_desktop.reporting.papers import run


def test_each_figure_opens_what_is_behind_it(qtbot: QtBot, one_demonstration: Place, tmp_path: Path) -> None:
    database = open_pharmacy(one_demonstration)
    with database.reading() as session:
        user = next(user for user in everybody(session) if Role.MANAGER in user.roles)
    context = Context(database, user.id, user.name, frozenset(user.permissions), folder=tmp_path)
    shell = Shell(context, house(context).places)
    qtbot.addWidget(shell)
    shell.show()

    def settled() -> bool:
        return not shell.jobs.running

    shell.go("dashboard")
    qtbot.waitUntil(settled)
    screen: Any = shell.screen_in_front
    assert screen.figures["Stock at cost"].number.text().startswith("$")
    assert screen.figures["Margin a day"].number.text().startswith(("$", "-$"))
    assert screen.rows.model.rows
    qtbot.mouseClick(screen.figures["Margin a day"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(settled)
    reports: Any = shell.screen_in_front
    assert reports.report.key == "margin by therapy"
    assert reports.table.model.rows
    shell.go_back()
    qtbot.mouseClick(screen.by.button(2), Qt.MouseButton.LeftButton)
    screen.rows.opened.emit(screen.rows.model.rows[0])
    qtbot.waitUntil(settled)
    assert reports.report.key == "margin by payer" and reports.table.model.rows
    shell.go_back()
    chart = screen.charts["Patients by therapy"]
    chart.setFocus()
    qtbot.keyClick(chart, Qt.Key.Key_Return)
    qtbot.waitUntil(settled)
    assert reports.report.key == "census"
    assert reports.bar.kind.value() == screen.behind_bars["Patients by therapy"][0][2].therapy_class
    assert reports.table.totals.texts()[2] == chart.bars[0].figure
    reports.tabs.setCurrentIndex(1)
    qtbot.waitUntil(settled)
    panel = reports.what_if
    panel.kind.set_value("Other supply prices")
    assert panel.percent.isVisible() and not panel.payer.isVisible()
    assert panel.definition.text().startswith("Exact")
    panel.percent.set_value("ten")
    panel.run()
    assert panel.found is None
    panel.percent.set_value("10")
    panel.run()
    qtbot.waitUntil(settled)
    assert panel.found.total.difference < 0 and panel.rows.model.rows
    panel.by.set_value("Payer")
    assert len(panel.rows.model.rows) == len({row.payer for row in panel.found.rows})
    panel.kind.set_value("Another contract")
    panel.payer.combo.setCurrentIndex(0)
    panel.like.combo.setCurrentIndex(1)
    panel.run()
    qtbot.waitUntil(settled)
    assert panel.found.what == "what the contract pays"
    panel.kind.set_value("Another kit")
    panel.kit.combo.setCurrentIndex(0)
    panel.instead.combo.setCurrentIndex(panel.instead.combo.count() - 1)
    before = panel.found
    cancelled = shell.jobs.started.connect(lambda job: job.cancel())
    panel.run()
    qtbot.waitUntil(settled)
    assert panel.found is before and panel.compare.isEnabled(), "cancelled"
    shell.jobs.started.disconnect(cancelled)
    panel.run()
    qtbot.waitUntil(settled, timeout=20_000)
    assert panel.found.what == "margin" and panel.found.lines
    panel.by.set_value("Delivery line")
    assert panel.lines.isVisible() and not panel.rows.isVisible()
    assert len(panel.lines.model.rows) == len(panel.found.lines)
    database.close()


def test_every_number_is_what_its_list_adds_up_to(qtbot: QtBot, one_demonstration: Place, tmp_path: Path) -> None:
    """All figures and all bars: as many rows, or the same sum, in the report that each one opens."""
    database = open_pharmacy(one_demonstration)
    with database.reading() as session:
        user = next(user for user in everybody(session) if Role.MANAGER in user.roles)
    context = Context(database, user.id, user.name, frozenset(user.permissions), folder=tmp_path)
    shell = Shell(context, house(context).places)
    qtbot.addWidget(shell)
    shell.show()
    shell.go("dashboard")
    qtbot.waitUntil(lambda: not shell.jobs.running)
    screen: Any = shell.screen_in_front
    sums = {"Patients in care": 2, "Margin a day": 7, "Days of supply": -1, "Stock at cost": -1}
    with database.reading() as session:

        def behind(target: Any) -> Any:
            key, period, choice = target
            return run(session, key, period or Days(today(), today()), user.id, choice)

        for caption, figure in screen.figures.items():
            found, number = behind(screen.behind[caption]), figure.number.text()
            if caption == "On time":
                late, of = figure.detail.text().split(" late")[0].split(" of ")
                assert f"{len(found.rows):,}" == late and f"of {of} on time" in str(found.totals[0])
            elif caption == "Pumps out":
                assert figure.detail.text().startswith(f"{len(found.rows):,} of ")
            elif caption in sums:
                value = found.totals[sums[caption]]
                assert number in (
                    f"{value:,}",
                    show_money(Decimal(value)),
                    f"${value / 1_000_000:,.2f} M",
                    f"${value:,.0f}",
                ), caption
            else:
                assert number == f"{len(found.rows):,}", caption
        for place, by in enumerate(MARGIN_BY):
            qtbot.mouseClick(screen.by.button(place), Qt.MouseButton.LeftButton)
            listed = run(session, f"margin by {by}", screen.margin.month, user.id)
            shown = [(row.therapy, row.per_day, row.reason) for row in screen.rows.model.rows]
            assert shown == [(row[0], *row[7:]) for row in listed.rows[: len(shown)]] and shown, by
        checked = 0
        for name, chart in screen.charts.items():
            assert len(chart.bars) == len(screen.behind_bars[name])
            for bar, target in zip(chart.bars, screen.behind_bars[name], strict=True):
                found = behind(target)
                if name == "Money by month":
                    assert bar.figure == f"${Decimal(str((found.totals or [0])[-1])):,.0f}", (name, bar)
                elif name == "Patients by therapy":
                    assert bar.figure == f"{found.totals[2]:,}", (name, bar)
                else:
                    assert bar.figure == f"{len(found.rows):,}", (name, bar)
                checked += 1
    assert checked > 25
    database.close()


def test_bars_are_pressed_by_mouse_and_keys_and_read_out(qtbot: QtBot) -> None:
    chart = BarChart("Pumps by state", "No pumps.")
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
    chart.show_bars([Bar("Billed", 2, "$2", group="Oct"), Bar("Paid", 1, "$1", group="Oct"),
                     Bar("Billed", 3, "$3", group="Nov")])  # fmt: skip
    assert chart.accessibleDescription() == "Oct Billed $2; Oct Paid $1; Nov Billed $3"
    chart.resize(400, chart.sizeHint().height())
    qtbot.mouseClick(chart, Qt.MouseButton.LeftButton, pos=QPoint(20, chart.height() - 8))
    assert pressed[-1] == 2, "a month begins a little lower"
    chart.show_bars([])
    assert not chart.grab().isNull() and chart.accessibleDescription() == "No pumps."
