"""Two people change one record: the second sees both versions and loses nothing typed (RELIABILITY B5)."""

import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

sys.path.insert(0, str(Path(__file__).parents[1] / "billing"))

from service_office import Office, office  # noqa: F401

import infusion_desktop.desktop as desktop
from infusion_desktop.access.deeds import DEEDS
from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.desktop.both_versions import Difference, differences
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.rooms import house
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.patients.demographics import edit_demographics
from infusion_desktop.patients.queries import patient_page
from infusion_desktop.stock.buying.vendor_queries import vendor_rows
from infusion_desktop.stock.buying.vendors import NewVendor, add_vendor, change_vendor

WORDLESS = {
    "deliveries.schedule.scheduling.move_to_day": "a card is dropped on another day; the board is shown anew",
    "deliveries.schedule.delivery_days.end_driver": "a question is answered: nothing is typed",
    "deliveries.pumps.pickups.cancel_ticket": "one reason in a question, asked again over the list shown anew",
    "equipment.rentals.give_back": "one reason in a question, asked again over the list shown anew",
}
"""Deeds that refuse a stale version and have no form to compare."""


@pytest.fixture
def database(one_database: Database) -> Database:
    return one_database


@pytest.fixture
def shell(database: Database, office: Office, qtbot: QtBot, tmp_path: Path) -> Iterator[Shell]:  # noqa: F811
    context = Context(database, office.biller, "Ada Min", frozenset(Permission), None, tmp_path)
    made = Shell(context, house(context).places)
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.jobs.close()


def quiet(shell: Shell, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not shell.jobs.running)


def test_the_fields_that_differ() -> None:
    rows = differences(["A", "B", "C", "D"], ["1", "1", "1", "1"], ["1", "2", "2", "2"], ["1", "1", "3", "2"])
    assert [(row.field, row.is_mine, row.is_disputed) for row in rows] == [
        ("B", False, False), ("C", True, True), ("D", True, False),
    ]  # fmt: skip
    assert rows[0] == Difference(1, "B", "1", "2", "1")


@pytest.fixture
def particulars(
    database: Database,
    office: Office,  # noqa: F811
    staff: Any,
    shell: Shell,
    qtbot: QtBot,
) -> Any:
    """A telephone typed here, while somebody else saves another telephone and another street."""
    from infusion_desktop.access.roles import Role

    office.database, nurse = database, staff[Role.COORDINATOR]
    shell.context = replace(shell.context, user_id=nurse)
    shell.open("patient", office.patient)
    screen: Any = shell.screen_in_front
    screen.context = shell.context
    qtbot.waitUntil(lambda: screen.shown is not None)
    screen._edit_person()
    form = screen.dialog.form
    form.phone.line.clear()
    qtbot.keyClicks(form.phone.line, "(503) 555-7777")
    form.reason.set_value("moved")
    with database.reading() as session:
        page = patient_page(session, office.patient)
    theirs = replace(page.person, phone="5035558888", street="9 Their Street")
    edit_demographics(database, office.patient, theirs, page.version, staff[Role.ADMINISTRATOR], "a call")
    quiet(shell, qtbot)
    screen.dialog.press()
    qtbot.waitUntil(lambda: getattr(screen.dialog, "comparison", None) is not None)
    return screen


def rows_of(screen: Any) -> dict[str, tuple[str, str]]:
    return {row.field: (row.theirs, row.mine) for row in screen.dialog.comparison.rows}


def test_both_versions_are_shown_and_mine_is_put_onto_theirs(
    particulars: Any,
    database: Database,
    office: Office,  # noqa: F811
    qtbot: QtBot,
) -> None:
    found = rows_of(particulars)
    assert found["Telephone"] == ("(503) 555-8888", "(503) 555-7777")
    assert found["Street"] == ("9 Their Street", "5 Oak St")
    comparison = particulars.dialog.comparison
    qtbot.mouseClick(comparison.mine, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not particulars.desk.jobs.running)
    with database.reading() as session:
        person = patient_page(session, office.patient).person
    assert (person.phone, person.street) == ("5035557777", "9 Their Street"), "only what I changed replaces theirs"


def test_theirs_is_looked_at_and_mine_is_still_there(
    particulars: Any,
    database: Database,
    office: Office,  # noqa: F811
    qtbot: QtBot,
) -> None:
    dialog = particulars.dialog
    qtbot.mouseClick(dialog.comparison.theirs, Qt.MouseButton.LeftButton)
    assert dialog.isVisible()
    assert dialog.form.phone.shown() == "(503) 555-8888"
    assert dialog.form.street.shown() == "9 Their Street"
    assert dialog.has_typed(), "what lies under it would be lost"
    again = dialog.foot.itemAt(0).widget()
    assert again.text() == "What I typed…"
    before = dialog.comparison
    qtbot.mouseClick(again, Qt.MouseButton.LeftButton)
    assert dialog.comparison is not before
    assert rows_of(particulars)["Telephone"][1] == "(503) 555-7777"
    dialog.comparison.mine.click()
    qtbot.waitUntil(lambda: not particulars.desk.jobs.running)
    with database.reading() as session:
        assert patient_page(session, office.patient).person.phone == "5035557777"


def test_a_third_change_in_between_is_compared_again(
    database: Database, staff: Any, shell: Shell, qtbot: QtBot
) -> None:
    from infusion_desktop.access.roles import Role

    boss = staff[Role.ADMINISTRATOR]
    vendor = add_vendor(database, NewVendor("Cascade Medical", lead_days=3), boss)
    shell.context = replace(shell.context, user_id=boss)
    shell.open("purchasing", "vendors")
    screen: Any = shell.screen_in_front
    screen.context = shell.context
    tab = next(each for each in vars(screen).values() if type(each).__name__ == "VendorsTab")
    tab.context = shell.context
    qtbot.waitUntil(lambda: len(tab.table.model.rows) == 1)
    tab.table.select_ids([vendor])
    opened: list[Any] = []

    def newest() -> Any:
        found = [each for each in shell.findChildren(_vendor_dialog()) if each.isVisible()]
        return found[-1] if found else None

    tab.change_vendor()
    opened.append(newest())
    opened[0].contact.set_value("Mine")
    for turn, name in enumerate(("Zoe", "Yan")):
        with database.reading() as session:
            row = vendor_rows(session, today())[0]
        change_vendor(database, vendor, replace(row.vendor, terms=f"Net {30 + turn}", account=name), row.version, boss)
        opened[-1].press() if not turn else opened[-1].comparison.mine.click()
        qtbot.waitUntil(lambda: newest() is not opened[-1] and hasattr(newest(), "comparison"))
        opened.append(newest())
    opened[-1].comparison.mine.click()
    quiet(shell, qtbot)
    with database.reading() as session:
        kept = vendor_rows(session, today())[0].vendor
    assert (kept.contact, kept.terms, kept.account) == ("Mine", "Net 31", "Yan")


def test_the_pharmacys_profile_is_compared_on_its_screen(
    database: Database,
    office: Office,  # noqa: F811
    staff: Any,
    shell: Shell,
    qtbot: QtBot,
) -> None:
    from infusion_desktop.access.pharmacy import profile, save_profile
    from infusion_desktop.access.roles import Role

    boss = staff[Role.ADMINISTRATOR]
    shell.context = replace(shell.context, user_id=boss)
    shell.go("pharmacy")
    screen: Any = shell.screen_in_front
    quiet(shell, qtbot)
    screen.fields["phone"].line.clear()
    qtbot.keyClicks(screen.fields["phone"].line, "503-555-7777")
    with database.reading() as session:
        theirs = profile(session)
    assert theirs is not None
    save_profile(database, replace(theirs, phone="5035558888", street="9 Their Street"), boss)
    screen.save()
    qtbot.waitUntil(lambda: hasattr(screen, "comparison"))
    screen.comparison.mine.click()
    quiet(shell, qtbot)
    with database.reading() as session:
        kept = profile(session)
    assert kept is not None
    assert (kept.phone, kept.street) == ("5035557777", "9 Their Street")


def _vendor_dialog() -> Any:
    from infusion_desktop.desktop.purchasing.vendor_dialogs import VendorDialog

    return VendorDialog


def test_every_deed_that_refuses_a_stale_version_has_a_form_that_compares() -> None:
    """Wherever a screen hands a version to a deed, it says what opens the form anew."""
    texts = {file: file.read_text() for file in Path(desktop.__file__).parent.rglob("*.py")}
    lacking = []
    for name in DEEDS:
        module, _, function = name.rpartition(".")
        deed = getattr(import_module(f"infusion_desktop.{module}"), function)
        if "version" not in inspect.signature(deed).parameters or name in WORDLESS:
            continue
        users = [file for file, text in texts.items() if re.search(rf"\b{function}\(database", text)]
        opened = [
            file
            for file, text in texts.items()
            if re.search(r"opened_by\(|again=|, self\._\w+\)|self\._discharge", text)
            and (file in users or any(dialog in text for user in users for dialog in _dialogs(texts[user])))
        ]
        if users and not opened:
            lacking.append(name)
    assert not lacking


def _dialogs(text: str) -> list[str]:
    return re.findall(r"^class (\w+Dialog)\(", text, re.MULTILINE)
