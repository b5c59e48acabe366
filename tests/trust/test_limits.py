"""Each reader refuses what is larger than it takes, with a sentence, in time and memory; numbers are plain (D3, D4)."""

import contextlib
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from infusion_desktop.billing.terms.fee_files import read_fee_file
from infusion_desktop.cli import main
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import read_day, read_month
from infusion_desktop.desktop.forms import DayField, MoneyField, QuantityField, TextField
from infusion_desktop.desktop.office.kit_line_dialog import read_quantity
from infusion_desktop.desktop.patients.admit_screen import read_weight
from infusion_desktop.desktop.purchasing.order_dialogs import read_price
from infusion_desktop.desktop.stock.item_dialog import _read_cost
from infusion_desktop.edi.x12 import Delimiters, Segment
from infusion_desktop.equipment.asset_import import preview_assets
from infusion_desktop.equipment.checks import outside_limits, read_hours
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.money import read_amount, read_number
from infusion_desktop.settings import load_settings
from infusion_desktop.stock.importing.item_import import preview_items
from infusion_desktop.stock.importing.opening_import import preview_opening
from infusion_desktop.stock.scarce.recall_rules import order_of
from tests.effort import light
from tests.promises import is_full
from tests.trust import heavy_files

CASES = heavy_files.cases()
SECONDS, MEGABYTES = 5.0, 300
PIECES = 5
"""Of plain work, for a number; a file may be as much as WHOLE of them."""
WHOLE = 150


@pytest.mark.parametrize("name", CASES)
def test_what_is_larger_than_a_reader_takes_is_refused_with_a_sentence(name: str) -> None:
    call, pattern = CASES[name]
    with pytest.raises(Refused, match=pattern) as no:
        call()
    assert str(no.value).endswith((".", "?")) and len(str(no.value)) < 300


def test_refusing_costs_little_time_and_memory() -> None:
    done = subprocess.run([sys.executable, heavy_files.__file__], capture_output=True, text=True, check=True)
    seconds, pieces, grown, name = done.stdout.split(maxsplit=3)
    assert float(pieces) <= WHOLE, name
    assert int(grown) <= MEGABYTES
    if is_full():
        assert float(seconds) <= SECONDS, name


@pytest.mark.parametrize("kind", ["items", "assets", "opening"])
def test_too_many_lines_are_refused_before_any_is_read(one_database: Database, kind: str) -> None:
    heading, read = {
        "items": ("number,name,kind", lambda _, content: preview_items(content, "file.csv")),
        "assets": ("model,serial,tag", lambda session, content: preview_assets(session, content, "file.csv")),
        "opening": ("item,lot,quantity", lambda session, content: preview_opening(session, content, "file.csv")),
    }[kind]
    wrong = b"\n,?,?"
    with one_database.reading() as session:
        assert len(read(session, heading.encode() + wrong * 50_000).problems) == 201
        with pytest.raises(Refused, match=r"more than 50,000 lines\. Split the file"):
            read(session, heading.encode() + wrong * 50_001)


NOT_PLAIN = ("1_000", "\u0661\u0662", "\u0967", "\uff11", "NaN", "sNaN", "Infinity", "-Infinity", "inf", "1e5", "1E5",
             "1e1000000", "0x10", "1.2.3", "1,2", "--1", "+-1", "1 000", "\u00bd", "\u00b2", "9" * 5_000,
             "1." + "0" * 5_000, "\u0662\u0660\u0662\u0666-03-31", "3/\u0663\u0661/2026", "2026-\u0660\u0663",
             "2026\u0660\u0663\u0663\u0661", "1,\u0662\u0663\u0664", "\u0661.50",
             "ten", "1\x00", "\x00", "\u202e1", ".", "-", "1-", "'1", "=1")  # fmt: skip
SOMETIMES = {"1,2", "1 000"}
"""Marks between thousands: a field for people may read what was written."""


def problem(problems: tuple[object, ...]) -> None:
    refuse_if(str(each) for each in problems)


def segment(value: str) -> Segment:
    return Segment(3, f"CLP*C1*1*{value}", Delimiters(), "835")


def fee(value: str, heading: str) -> None:
    cells = {"code": "S9500", "rate": "1", "charge": "2", "starts_on": "2026-01-01"} | {heading: value}
    text = ",".join(cells) + "\n" + ",".join(f'"{cell}"' for cell in cells.values())
    problem(read_fee_file(text.encode(), "fees.csv").problems)


def item(value: str, heading: str) -> None:
    text = f'number,name,kind,{heading}\nA1,Gauze,dressing,"{value}"\n'
    problem(preview_items(text.encode(), "items.csv").problems)


def measured(value: str) -> None:
    limit = {"name": "flow", "unit": "ml", "lowest": "-99999", "highest": "99999"}
    refuse_if(outside_limits((limit,), {"flow": value}))


READ: dict[str, Callable[[str], object]] = {
    "an amount": read_amount, "a number": read_number, "a weight": read_weight, "a price": read_price,
    "a cost": _read_cost, "a kit's quantity": read_quantity, "hours": read_hours, "a measured value": measured,
    "X12 amount": lambda value: segment(value).amount(3), "X12 count": lambda value: segment(value).whole(3),
    "X12 quantity": lambda value: segment(value).quantity(3), "X12 day": lambda value: segment(value).day(3),
    "a day": read_day, "a month": read_month,
    "fee: rate": lambda value: fee(value, "rate"), "fee: charge": lambda value: fee(value, "charge"),
    "fee: day": lambda value: fee(value, "starts_on"), "item: cost": lambda value: item(value, "unit cost"),
    "item: par": lambda value: item(value, "par"), "item: box": lambda value: item(value, "box"),
}  # fmt: skip


@pytest.mark.parametrize("reader", READ)
def test_what_is_no_plain_number_is_refused_at_once(reader: str) -> None:
    for value in NOT_PLAIN:
        with pytest.raises(Refused) as no:
            light(partial(READ[reader], value), PIECES)
            if value in SOMETIMES:
                raise Refused("Read as people write it.")
        assert len(str(no.value)) < 300, ascii(value[:20])


@pytest.mark.parametrize("kind", ["assets", "opening"])
def test_numbers_of_registers_and_opening_balances_are_plain(one_database: Database, kind: str) -> None:
    with one_database.reading() as session:
        for value in NOT_PLAIN:
            if len(value) > 4_000:
                continue  # No cell is so long.
            if kind == "assets":
                text = f'model,serial,tag,hours,cost\nPMP-1,SN1,T1,"{value}","{value}"\n'
                read, told = preview_assets, ("hours", "cost")
            else:
                text = f'item,lot,expires,quantity,place,cost\nI1,L1,2027-01-31,"{value}",MAIN,"{value}"\n'
                read, told = preview_opening, ("quantity", "cost")
            try:
                problems = " ".join(str(each) for each in read(session, text.encode(), "file.csv").problems)
            except Refused as no:
                assert "\x00" in value and "not a text file" in str(no)
            else:
                assert value in SOMETIMES or all(f"“{each}”" in problems.casefold() for each in told), ascii(value)


def test_numbers_in_fields_are_plain(qtbot: QtBot) -> None:
    readers = (read_weight, read_price, read_quantity)
    read = (TextField(reader.__name__, read=reader) for reader in readers)
    for field in (QuantityField("Quantity"), MoneyField("Amount"), DayField("Day"), *read):
        qtbot.addWidget(field)
        for value in NOT_PLAIN:
            field.line.setText(value)
            if value not in SOMETIMES and value != "\x00" and field.line.text() == value:
                with pytest.raises(Refused):
                    field.value()
                assert not field.check()


@pytest.mark.parametrize("value", ["1_000", "\u0661", "1e5", "-1", "", "9" * 5_000, "0x10"])
def test_numbers_on_the_command_line_are_plain(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["demo", "--seed", value])
    assert left.value.code == 2
    assert len(capsys.readouterr().err) < 1_000


@pytest.mark.parametrize(
    "value", ["1e5", "nan", "inf", "-5", "0", "1_000", "\u0661", "'5'", "5.0", "true", "9" * 5_000]
)
def test_numbers_of_settings_are_plain(tmp_path: Path, value: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f"lock_after_minutes = {value}\n", encoding="utf-8")
    with pytest.raises(Refused, match=r"settings\.toml"):
        load_settings(file)


def test_lot_numbers_of_other_scripts_have_their_place() -> None:
    for number in ("\u00b2", "1\u00b2", "A\u0663", "\u2460", "9" * 5_000):
        with contextlib.suppress(Refused):
            assert order_of(number)


def test_a_right_number_is_read() -> None:
    assert str(read_number(" 12.50 ")) == "12.50"
    assert read_price("$1,234.5") == "1234.5"
    assert read_weight("72.5") == "72.5"
    assert read_day("2026-03-31") == date(2026, 3, 31)
