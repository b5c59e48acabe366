"""A person keeps a filter of a list under a name; it is there at every workstation, and for nobody else."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pypdfium2 import PdfDocument
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from infusion_desktop.access.people import add_first_administrator
from infusion_desktop.access.roles import UserId
from infusion_desktop.access.saved_filters import Filter, filters_of, forget_filter, keep_filter
from infusion_desktop.access.tables import AuditEntry
from infusion_desktop.database.engine import Database
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.saved_filters import TitleDialog
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.errors import Refused
from tests.desktop.conftest import LotsScreen


def test_filters_are_kept_replaced_and_forgotten_for_one_person(
    database: Database, staff: dict[str, UserId], administrator: UserId
) -> None:
    other = next(user for user in staff.values() if user != administrator)
    keep_filter(database, "Lots", Filter("Fridge", "fridge", ("Held",)), administrator)
    keep_filter(database, "Lots", Filter(" Fridge ", "fridge 2", ("Held", "Expired")), administrator)
    keep_filter(database, "Lots", Filter("Mine", "50% _x"), other)
    with database.reading() as session:
        assert filters_of(session, administrator) == {"Lots": (Filter("Fridge", "fridge 2", ("Held", "Expired")),)}
        assert filters_of(session, other) == {"Lots": (Filter("Mine", "50% _x"),)}
    for bad in (Filter(" ", "x"), Filter("Empty"), Filter("n" * 31, "x"), Filter("Long", "x" * 201)):
        with pytest.raises(Refused):
            keep_filter(database, "Lots", bad, administrator)
    for number in range(19):
        keep_filter(database, "Lots", Filter(f"F{number}", "x"), administrator)
    with pytest.raises(Refused, match="Forget one first"):
        keep_filter(database, "Lots", Filter("One more", "x"), administrator)
    forget_filter(database, "Lots", "Fridge", administrator)
    with database.reading() as session:
        assert "Fridge" not in {each.title for each in filters_of(session, administrator)["Lots"]}


def test_a_filter_is_kept_from_the_list_pressed_again_and_printed(
    make_shell: Callable[..., Shell], one_database: Database, qtbot: QtBot, tmp_path: Path
) -> None:
    assert add_first_administrator(one_database, "admin", "Ada Min", "correct horse battery") == 1
    shell = make_shell()
    shell.go("stock")
    screen = shell.screen_in_front
    assert isinstance(screen, LotsScreen)
    table = screen.table
    qtbot.waitUntil(lambda: len(table.model.shown) == 400)
    assert not table.saved.isVisible()
    assert not table.saved.menu().actions()[0].isEnabled()
    table.filter.setText("sharps")
    table.apply_filter()
    table.chips[0][1].click()
    wanted = [lot.id for lot in table.model.shown]
    table.saved.ask_title()
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, TitleDialog)
    dialog.title.setText("Sharps & soon")
    qtbot.keyClick(dialog.title, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: list(table.saved.chips) == ["Sharps & soon"])
    assert table.saved.isVisible()
    table.clear_filter()
    assert len(table.model.shown) == 400
    table.saved.chips["Sharps & soon"].click()
    assert [lot.id for lot in table.model.shown] == wanted
    table.print_button.click()
    qtbot.waitUntil(lambda: bool(table.findChildren(PdfDialog)))
    paper = table.findChildren(PdfDialog)[0]
    with PdfDocument(paper.preview._pdf) as document:
        text = "".join(page.get_textpage().get_text_bounded() for page in document)
    assert "Expires soon, “sharps”" in text
    assert text.count("Sharps container") == len(wanted)
    qtbot.waitUntil(lambda: paper.preview.pages > 0)
    paper.close()
    table.saved.chips["Sharps & soon"].click()
    assert len(table.model.shown) == 400
    table.export_to(tmp_path / "lots.csv")
    qtbot.waitUntil((tmp_path / "lots.csv").exists)
    with one_database.reading() as session:
        saved = session.scalars(select(AuditEntry.after).where(AuditEntry.action == "save list")).all()
    assert ['"form":"paper"' in saved[0], '"form":"CSV"' in saved[1]] == [True, True]
    table.select_ids(wanted[:2])
    table.copy()
    qtbot.waitUntil(lambda: not shell.jobs.running)
    with one_database.reading() as session:
        last = session.scalars(select(AuditEntry.after).order_by(AuditEntry.number)).all()[-1]
    assert '"form":"clipboard"' in last and '"rows":2' in last
    table.saved.forget("Sharps & soon")
    qtbot.waitUntil(lambda: not table.saved.isVisible())
