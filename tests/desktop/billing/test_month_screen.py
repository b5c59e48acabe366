"""A biller works a month: counts it, reads its days, and opens what holds a claim up where it is put right."""

from datetime import date

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.runs.month_run import MonthRun
from infusion_desktop.billing.terms.contracts import rules_on
from infusion_desktop.dates import month_of, today
from infusion_desktop.desktop.banner import Banner
from infusion_desktop.desktop.billing import month_screen
from infusion_desktop.desktop.billing.month_screen import MonthScreen
from infusion_desktop.desktop.billing.rules_dialog import RulesDialog
from infusion_desktop.desktop.context import Context, Desk


@pytest.fixture
def last_month():
    return month_of(date(today().year, today().month, 1) - (date(2026, 1, 2) - date(2026, 1, 1)))


@pytest.fixture
def opened(desk):
    return []


@pytest.fixture
def screen(office, desk, qtbot, last_month, opened):
    first, last = last_month.first, last_month.first.replace(day=14)
    office.rules()
    office.fee("S9500", "95")
    therapy = office.orders("ceftriaxone 2 g", first, last)
    office.delivery = office.delivers(first, last, therapy=therapy, signed=False)
    context = Context(office.database, office.biller, "Bea Biller", frozenset(Permission))
    lent = Desk(desk.jobs, desk.messages, desk.changes, lambda kind, record: opened.append((kind, record)))
    made = MonthScreen(context, lent)
    qtbot.addWidget(made)
    made.resize(1280, 760)
    made.show()
    desk.changes.changed.connect(lambda _topics: made.load())
    made.load()
    yield made


def test_a_month_is_counted_read_and_put_right(screen, office, qtbot, opened, last_month):
    qtbot.waitUntil(lambda: len(screen.payer._choices) == 1)
    screen.tabs.setCurrentIndex(2)
    qtbot.waitUntil(lambda: len(screen.missing.model.rows) == 1)
    assert screen.missing.model.rows[0].why.startswith("Not counted yet")
    screen.tabs.setCurrentIndex(0)
    qtbot.mouseClick(screen.table.empty_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(screen.table.model.rows) == 1)
    screen.table.select_ids([screen.table.model.rows[0].id])
    qtbot.waitUntil(lambda: "14 days billed" in screen.calendar.told.text())
    screen.calendar.grid.setFocus()
    qtbot.keyClick(screen.calendar.grid, Qt.Key.Key_Right)
    assert "S9500, rank 1, delivery D000001 (no proof yet)" in screen.calendar.told.text()

    screen.tabs.setCurrentIndex(1)
    work = screen.work
    qtbot.waitUntil(lambda: any(row.code == "PROOF" for row in work.rows))
    work.reasons.select_ids(["PROOF"])
    assert {row.code for row in work.table.model.rows} == {"PROOF"}
    work.table.select_ids([work.table.model.rows[0].id])
    work.table.grid.setFocus()
    qtbot.keyClick(work.table.grid, Qt.Key.Key_Return)
    assert opened == [("delivery", office.delivery)]
    qtbot.mouseClick(work.claim_button, Qt.MouseButton.LeftButton)
    assert opened[-1] == ("claim", screen.table.model.rows[0].id)

    screen.payer.set_value(screen.payer._choices[0][1])
    qtbot.waitUntil(lambda: screen.chosen_payer is not None and len(screen.table.model.rows) == 1)


def test_rules_that_change_nothing_say_so_and_all_lines_may_be_seen(screen, office, qtbot, last_month):
    with office.database.reading() as session:
        now = rules_on(session, office.payer, last_month.first)
    dialog = RulesDialog(screen.context, screen.desk, screen, office.payer, "Prairie Health", now, 1)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.effect.effect is not None)
    lines = dialog.effect.table
    assert (len(lines.model.rows), lines.empty.text()) == (1, "No line of this month would change.")
    lines.filter.setText("S9500")
    lines.apply_filter()
    assert lines.empty.text() == "No row matches the filter."
    qtbot.mouseClick(lines.clear_button, Qt.MouseButton.LeftButton)
    assert len(lines.model.shown) == 1
    dialog.reject()


def test_a_run_stopped_after_a_file_asks_where_to_keep_it(screen, qtbot, monkeypatch):
    asked = []
    monkeypatch.setattr(month_screen, "ask_for_folder", lambda _parent, _title, then: asked.append(then))
    screen._stopped([])
    banner = screen.findChild(Banner)
    assert asked == [] and any("no file was written" in said.text() for said in banner.findChildren(QLabel))
    screen._stopped([("837P-000000001.txt", "ISA")])
    assert len(asked) == 1 and screen.files == (("837P-000000001.txt", "ISA"),)


@pytest.mark.parametrize(("count", "told"), [(3, 3), (4, 1), (400, 1)])
def test_many_refusals_are_one_sentence_that_leaves_the_list_in_view(screen, count, told):
    sentences = tuple(f"Claim C{number:07}: no order covers its days." for number in range(count))
    screen._ran(MonthRun((), (), sentences, ()))
    banner = screen.findChild(Banner)
    lines = [said.text() for said in banner.findChildren(QLabel) if said.text()]
    text = "\n".join(lines)
    assert sum(sentence in text for sentence in sentences) == (count if told == count else 0)
    assert (f"{count} things still hold claims up" in text) == (told != count)
