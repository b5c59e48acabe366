"""The day's tasks are made when the first person comes in, whoever it is and whatever they look at."""

import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from infusion_desktop import chores
from infusion_desktop.access.people import add_first_administrator, add_person, user_of
from infusion_desktop.access.pharmacy import save_profile
from infusion_desktop.access.roles import Role, UserId
from infusion_desktop.chores import Chores
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.deliveries.calls.follow_ups import follow_ups
from infusion_desktop.deliveries.care import task_making
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.patients.admitting import Admission, Checklist, admit
from infusion_desktop.patients.demographics import Demographics
from infusion_desktop.patients.words import Sex
from infusion_desktop.program import Application
from infusion_desktop.setting_up import EXAMPLE
from infusion_desktop.settings import load_settings

Program = tuple[Application, UserId]


@pytest.fixture
def program(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_database: Database
) -> Iterator[Program]:
    """The program before anybody came in, a patient who was admitted today, and a technician."""
    monkeypatch.setenv("INFUSION_DESKTOP_HOME", str(tmp_path))
    monkeypatch.setattr(Chores, "keep_a_copy", lambda _self: None)
    monkeypatch.setattr(chores, "BEGIN_MS", 0)
    settings = load_settings()
    boss = add_first_administrator(one_database, "admin", "Ada Min", "correct horse battery")
    save_profile(one_database, EXAMPLE, boss)
    tech = add_person(one_database, "tom", "Tom Brand", "correct horse battery", frozenset({Role.TECHNICIAN}), boss)
    ann = Demographics(
        "Abernathy", "Ann", date(1961, 5, 4), Sex.FEMALE, "5035550123", "12 Elm", "Portland", "OR", "97205"
    )
    admit(one_database, Admission(ann, today(), checklist=Checklist(True, True, True, True, True)), boss)
    made = Application(qapp, settings, one_database)
    yield made, tech
    made.scanner.stop()
    made.idle.stop()
    if made.window is not None:
        made.window.hide()
        made.window.close()
    made.database.close()


def kinds(database: Database) -> list[str]:
    with database.reading() as session:
        return [row.kind for row in follow_ups(session)]


def test_a_technician_who_comes_in_first_has_the_tasks_made_beside_the_window(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, tech = program
    threads: list[int] = []
    make = task_making.make_tasks

    def noted(database: Database, on: date, by: UserId) -> int:
        threads.append(threading.get_ident())
        return make(database, on, by)

    monkeypatch.setattr(task_making, "make_tasks", noted)
    with made.database.reading() as session:
        user = user_of(session, tech)
    assert kinds(made.database) == []
    made.open_shell(user)
    qtbot.waitUntil(lambda: kinds(made.database) == ["home assessment"])
    assert threads and threading.get_ident() not in threads
    shell = made.window
    assert isinstance(shell, Shell)
    qtbot.waitUntil(lambda: not shell.jobs.running)
    made.chores.make_tasks()
    qtbot.waitUntil(lambda: len(threads) == 2 and not shell.jobs.running)
    assert kinds(made.database) == ["home assessment"], "once"
