"""A kit is changed in the window: a line added, the patients it touches shown first, the next version kept."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from infusion_desktop.dates import today
from infusion_desktop.deliveries.care_words import Ages, Purpose
from infusion_desktop.deliveries.kits.template_effects import touched
from infusion_desktop.deliveries.kits.templates import save_template, templates, versions
from infusion_desktop.desktop.office.kit_versions import differing_parts, mine_onto
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.errors import Refused
from infusion_desktop.stock.catalogue import NewItem, add_item
from infusion_desktop.stock.words import ItemKind
from tests.desktop.deliveries.conftest import House


def test_the_next_version_of_a_kit(house: House, shell: Shell, qtbot: QtBot) -> None:
    with house.database.reading() as session:
        (kept,) = templates(session, today())
    shell.open("kit", kept.id)
    screen: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: len(screen.effect.model.rows) == 1)
    assert screen.touches.text() == "Touches 1 patients"
    assert screen.effect.model.rows[0].what == "follows the new version"

    screen.add_line()
    dialog = screen.dialog
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    assert "one of the two" in dialog.wrong.text()
    dialog.item.combo.setEditText("Huber needle 20 G (HU-20)")
    dialog.amount.line.clear()
    qtbot.keyClicks(dialog.amount.line, "0")
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    assert "above zero" in dialog.amount.error.text()
    dialog.amount.set_value("2.5")
    dialog.purpose.set_value(Purpose.ANAPHYLAXIS)
    dialog.per_lumen.set_value(True)
    dialog.another.set_value(house.flush)
    dialog.add_substitute()
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    assert len(screen.table.model.rows) == 3
    screen.table.select_ids([3])
    screen.up()
    assert screen.table.model.rows[1].name == "Huber needle 20 G"

    screen.ages.set_value(Ages.CHILD)
    qtbot.waitUntil(lambda: [row.what for row in screen.effect.model.rows] == ["no kit fits any more"])
    screen.ages.set_value(Ages.ANY)
    later = today() + timedelta(days=3)
    screen.starts_on.set_value(later)
    qtbot.mouseClick(screen.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: screen.kept is not None and screen.kept.number == 2)
    with house.database.reading() as session:
        newer, older = versions(session, "K1")
        assert (newer.starts_on, older.ends_on) == (later, later - timedelta(days=1))
        line = newer.template.lines[1]
        assert (line.purpose, line.per_lumen, line.alternatives) == (Purpose.ANAPHYLAXIS, True, (house.flush,))
        assert [row.what for row in touched(session, newer.template, today())] == ["follows the new version"]


def test_a_new_kit_is_told_what_it_lacks(house: House, shell: Shell, qtbot: QtBot) -> None:
    shell.open("kit", None)
    screen: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: bool(screen.items))
    qtbot.keyClicks(screen.code.line, "K2")
    qtbot.keyClicks(screen.name.line, "Another kit")
    qtbot.mouseClick(screen.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "at least one line" in screen.page.banner.text.text())
    qtbot.waitUntil(lambda: not screen._typing.isActive() and not shell.jobs.running)


def test_two_people_change_one_kit_and_the_second_sees_both(house: House, shell: Shell, qtbot: QtBot) -> None:
    with house.database.reading() as session:
        (kept,) = templates(session, today())
    shell.open("kit", kept.id)
    screen: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: bool(screen.lines) and not shell.jobs.running)
    new = add_item(house.database, NewItem("NEW-1", "Their new dressing", ItemKind.DRESSING), house.administrator)
    theirs = replace(kept.template, name="Their name", lines=(replace(kept.template.lines[0], item_id=new),))
    save_template(house.database, theirs, house.administrator, today() + timedelta(days=2))
    screen.ages.set_value(Ages.ADULT)
    qtbot.mouseClick(screen.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: hasattr(screen, "comparison"))
    shown = {row.field: row for row in screen.comparison.rows}
    assert set(shown) == {"Name", "For", "Lines that differ"}
    assert (shown["Name"].theirs, shown["For"].mine, shown["Lines that differ"].is_mine) == (
        "Their name",
        "adults",
        False,
    )
    assert "Their new dressing" in shown["Lines that differ"].theirs
    qtbot.mouseClick(screen.comparison.theirs, Qt.MouseButton.LeftButton)
    assert screen.ages.value() is Ages.ADULT and not screen.may_leave(), "what was typed is still there"
    del screen.comparison
    qtbot.mouseClick(screen.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: hasattr(screen, "comparison"))
    qtbot.mouseClick(screen.comparison.mine, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: screen.kept is not None and screen.kept.number == 3)
    with house.database.reading() as session:
        newest = versions(session, "K1")[0].template
    assert (newest.name, newest.ages, len(newest.lines)) == ("Their name", Ages.ADULT, 1)


def test_a_new_kit_takes_no_code_that_is_there(house: House) -> None:
    with house.database.reading() as session:
        (kept,) = templates(session, today())
    with pytest.raises(Refused, match="There is a kit K1 already"):
        save_template(house.database, kept.template, house.administrator, seen=0)


def test_of_many_lines_only_those_that_differ_are_shown(house: House) -> None:
    with house.database.reading() as session:
        (kept,) = templates(session, today())
    first, second = kept.template.lines[:2]
    before = replace(kept.template, lines=(first, second))
    more, turned = replace(first, amount=first.amount + 1), replace(before, lines=(second, first))
    (row,) = differing_parts(before, before, replace(before, lines=(more, second)), {})
    assert row.field == "Lines that differ" and row.is_mine and "\n" not in row.before + row.mine
    (row,) = differing_parts(before, before, turned, {})
    assert row.field == "Lines" and row.is_mine, "another order is a change too"
    assert mine_onto(before, turned, (row,)).lines == (second, first)
