"""A payer's contract is entered in the window: payer, rules from a day, prices one by one and as a list."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from infusion_desktop.access.people import add_first_administrator
from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.rules.rule_set import DayBasis
from infusion_desktop.database.engine import Database
from infusion_desktop.desktop.billing.code_file_dialog import CodeFileDialog
from infusion_desktop.desktop.billing.contract_dialogs import EndContractDialog, EndPriceDialog, PriceDialog
from infusion_desktop.desktop.billing.payers_screen import PayersScreen
from infusion_desktop.desktop.billing.price_file_dialog import PriceFileDialog
from infusion_desktop.desktop.billing.rules_dialog import RulesDialog
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.jobs import Jobs
from infusion_desktop.desktop.payer_dialog import PayerDialog
from infusion_desktop.patients.words import PayerKind

PASSWORD = "correct horse battery"


@pytest.fixture
def screen(one_database: Database, desk: Desk, qtbot: QtBot) -> Iterator[PayersScreen]:
    by = add_first_administrator(one_database, "admin", "Ada Min", PASSWORD)
    context = Context(one_database, by, "Ada Min", frozenset(Permission))
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
    qtbot.waitUntil(lambda: len(screen.table.model.rows) == 1)
    assert screen.table.model.rows[0].rules_now == ""

    screen.change_payer()
    change = screen.dialog
    assert isinstance(change, PayerDialog)
    assert (change.name.value(), change.kind.value()) == ("Cascadia Health Plan", PayerKind.COMMERCIAL)
    for field, typed in ((change.street, "PO Box 12"), (change.city, "Portland"), (change.state, "OR")):
        qtbot.keyClicks(field.line, typed)
    change.zip.set_value("97201-0001")
    change.code.set_value("CHP02")
    change.press()
    qtbot.waitUntil(lambda: screen.table.model.rows[0].row.payer.payer_code == "CHP02")
    kept = screen.table.model.rows[0].row.payer
    assert (kept.street, kept.city, kept.state, kept.zip) == ("PO Box 12", "Portland", "OR", "972010001")

    screen.set_rules()
    rules = screen.dialog
    assert isinstance(rules, RulesDialog)
    rules.press()
    assert "needed" in rules.rules.error.text(), "a first contract begins with a starter set"
    rules.rules.combo.setCurrentIndex(0)
    qtbot.waitUntil(lambda: rules.entered().name == "Commercial, access days")
    rules.fields["rank_percent"].set_value("100 50 12e")
    rules.press()
    assert screen.table.model.rows[0].rules_now == "", "a value that cannot be is not let through"
    rules.fields["rank_percent"].set_value("100 50 0")
    rules.fields["day_basis"].set_value(DayBasis.INFUSION_DAY)
    rules.press()
    qtbot.waitUntil(lambda: screen.table.model.rows[0].rules_now != "")
    in_force = screen.table.model.rows[0].rules[0].rules
    assert (in_force.day_basis, in_force.rank_percent) == (DayBasis.INFUSION_DAY, (100, 50, 0))

    screen.set_rules()
    again = screen.dialog
    assert isinstance(again, RulesDialog)
    assert again.entered() == in_force, "what is in force is what is changed"
    again.reject()

    screen.add_price()
    price = screen.dialog
    assert isinstance(price, PriceDialog)
    for field, typed in ((price.code, "S9500"), (price.rate, "118.00"), (price.charge, "190"), (price.drug, "CEF-2G")):
        qtbot.keyClicks(field.line, typed)
    price.press()
    qtbot.waitUntil(lambda: len(screen.fees.model.rows) == 1)
    fee = screen.fees.model.rows[0].fee
    assert (fee.rate, fee.rate_key) == (Decimal("118.0000"), "CEF-2G")

    bad = tmp_path / "bad.csv"
    bad.write_text("code,rate,starts_on\nS9501,1e5,2026-01-01\n", encoding="utf-8")
    good = tmp_path / "good.csv"
    good.write_text(
        "code,rate,charge,starts_on\nS9501,125.00,200.00,2026-01-01\nS9502,130,210,2026-01-01\n", encoding="utf-8"
    )
    screen.import_prices()
    prices = screen.dialog
    assert isinstance(prices, PriceFileDialog)
    prices.read_file(bad)
    qtbot.waitUntil(lambda: len(prices.problems.model.rows) == 1)
    assert not prices.save_button.isEnabled(), "a bad list is refused whole"
    assert prices.problems.model.rows[0].line == 2
    prices.read_file(good)
    qtbot.waitUntil(prices.save_button.isEnabled)
    assert len(prices.prices.model.rows) == 2
    prices.press()
    qtbot.waitUntil(lambda: len(screen.fees.model.rows) == 3)

    screen.fees.select_ids([screen.fees.model.rows[0].id])
    screen.end_price()
    end = screen.dialog
    assert isinstance(end, EndPriceDialog)
    end.last_on.set_value(screen.fees.model.rows[0].fee.starts_on)
    end.press()
    qtbot.waitUntil(lambda: screen.fees.model.rows[0].fee.ends_on is not None)

    codes = tmp_path / "codes.csv"
    codes.write_text("HCPC,SHORT DESCRIPTION,ADD DT,TERM DT\nS9500,Antibiotic q24h,20020101,20261231\n")
    screen.import_codes()
    listed = screen.dialog
    assert isinstance(listed, CodeFileDialog)
    listed.read_file(codes)
    qtbot.waitUntil(listed.save_button.isEnabled)
    assert "1 of 1 codes change, 1 of them end" in listed.sentence.text()
    listed.press()
    qtbot.waitUntil(lambda: any(row.source == "codes.csv" for row in screen.codes.model.rows))

    screen.end_contract()
    over = screen.dialog
    assert isinstance(over, EndContractDialog)
    over.last_on.set_value(screen.table.model.rows[0].rules[0].starts_on)
    over.reason.set_value("not renewed")
    over.press()
    qtbot.waitUntil(lambda: screen.table.model.rows[0].rules[0].ends_on is not None)
    qtbot.waitUntil(lambda: not jobs.running)
