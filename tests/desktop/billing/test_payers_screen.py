"""A payer's contract is entered in the window: payer, rules from a day, prices one by one and as a list."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from infusion_desktop.access.people import add_first_administrator
from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.desktop.billing.payers_screen import PayerDialog, PayersScreen, PriceDialog, RulesDialog
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.jobs import Jobs
from infusion_desktop.patients.words import PayerKind

PASSWORD = "correct horse battery"


@pytest.fixture
def screen(sqlite_database: Database, desk: Desk, qtbot: QtBot) -> Iterator[PayersScreen]:
    by = add_first_administrator(sqlite_database, "admin", "Ada Min", PASSWORD)
    context = Context(sqlite_database, by, "Ada Min", frozenset(Permission))
    made = PayersScreen(context, desk)
    qtbot.addWidget(made)
    made.resize(1280, 760)
    made.show()
    desk.changes.changed.connect(lambda _topics: made.load())
    made.load()
    yield made


def test_a_contract_is_entered(screen: PayersScreen, qtbot: QtBot, jobs: Jobs, tmp_path: Path) -> None:
    screen.add_payer()
    dialog = screen.dialog
    assert isinstance(dialog, PayerDialog)
    dialog.press()
    assert "needed" in dialog.name.error.text(), "an empty form is not let through"
    qtbot.keyClicks(dialog.name.line, "Cascadia Health Plan")
    qtbot.keyClicks(dialog.code.line, "CHP01")
    dialog.kind.set_value(PayerKind.COMMERCIAL)
    dialog.press()
    qtbot.waitUntil(lambda: len(screen.table.model.rows) == 1, timeout=10_000)
    assert screen.table.model.rows[0].rules_now == ""

    screen.set_rules()
    rules = screen.dialog
    assert isinstance(rules, RulesDialog)
    rules.rules.combo.setCurrentIndex(0)
    rules.press()
    qtbot.waitUntil(lambda: screen.table.model.rows[0].rules_now != "", timeout=10_000)

    screen.add_price()
    price = screen.dialog
    assert isinstance(price, PriceDialog)
    for field, typed in ((price.code, "S9500"), (price.rate, "118.00"), (price.charge, "190")):
        qtbot.keyClicks(field.line, typed)
    price.press()
    qtbot.waitUntil(lambda: len(screen.fees.model.rows) == 1, timeout=10_000)
    assert screen.fees.model.rows[0].fee.rate == Decimal("118.0000")

    payer = screen.table.model.rows[0].row.id
    bad = tmp_path / "bad.csv"
    bad.write_text("code,rate,starts_on\nS9501,1e5,2026-01-01\n", encoding="utf-8")
    screen.read_prices(payer, bad)
    qtbot.waitUntil(lambda: not jobs.running, timeout=10_000)
    assert len(screen.fees.model.rows) == 1, "a bad list is refused whole"
    good = tmp_path / "good.csv"
    good.write_text(
        "code,rate,charge,starts_on\nS9501,125.00,200.00,2026-01-01\nS9502,130,210,2026-01-01\n", encoding="utf-8"
    )
    screen.read_prices(payer, good)
    qtbot.waitUntil(lambda: len(screen.fees.model.rows) == 3, timeout=10_000)
