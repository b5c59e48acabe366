"""One patient's page as a coordinator uses it: a hospital stay begins and ends, days follow, then the discharge."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSettings, Qt
from pytestqt.qtbot import QtBot

from infusion_desktop.access.people import UserId, add_first_administrator
from infusion_desktop.access.queries import audit_rows
from infusion_desktop.access.roles import AuditKind, Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.patients.places import PLACES
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.patients.admitting import Admission, Checklist, admit
from infusion_desktop.patients.coverage import NewCoverage
from infusion_desktop.patients.demographics import Demographics
from infusion_desktop.patients.payers import NewPayer, add_payer
from infusion_desktop.patients.prescribers import NewPrescriber, add_prescriber
from infusion_desktop.patients.queries import patient_page
from infusion_desktop.patients.therapies import NewTherapy
from infusion_desktop.patients.words import InterruptionKind, Method, PatientId, PayerKind, Route, Sex, TherapyClass
from infusion_desktop.stock.places import set_up_places


@pytest.fixture
def administrator(sqlite_database: Database) -> UserId:
    return add_first_administrator(sqlite_database, "admin", "Ada Min", "correct horse battery")


@pytest.fixture
def ann(sqlite_database: Database, administrator: UserId) -> PatientId:
    """On an antibiotic for eleven days, today included."""
    database, by = sqlite_database, administrator
    with database.transaction() as session:
        set_up_places(session, by)
    payer = add_payer(database, NewPayer("Cascadia Health Plan", "CHP01", PayerKind.COMMERCIAL), by)
    doctor = add_prescriber(database, NewPrescriber("Hartmann", "Lena", "1234567893", "MD"), by)
    began = today() - timedelta(days=10)
    order = NewTherapy(
        TherapyClass.ANTI_INFECTIVE, "cefazolin 2 g", Route.INTRAVENOUS, Method.ELASTOMERIC, 8, began, doctor, began
    )
    person = Demographics(
        "Featherstonehaugh", "Ann", date(1961, 5, 4), Sex.FEMALE, "503-555-0123", "12 Elm Avenue", "Portland", "OR",
        "97205", latex_allergy=True,
    )  # fmt: skip
    coverage = NewCoverage(payer, "W1", date(2020, 1, 1))
    return admit(database, Admission(person, began, (coverage,), Checklist(), ("M86.9",), None, order), by)


@pytest.fixture
def shell(sqlite_database: Database, administrator: UserId, tmp_path: Path, qtbot: QtBot) -> Iterator[Shell]:
    context = Context(sqlite_database, administrator, "Ada Min", frozenset(Permission), None, tmp_path)
    made = Shell(context, PLACES, settings=QSettings(str(tmp_path / "w.ini"), QSettings.Format.IniFormat))
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.jobs.close()


def opened(shell: Shell, qtbot: QtBot, patient: PatientId) -> Any:
    shell.open("patient", patient)
    page: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: page.shown is not None, timeout=10_000)
    return page


def days_shown(page: Any) -> str:
    model = page.therapies.model
    titles = [model.headerData(n, Qt.Orientation.Horizontal) for n in range(model.columnCount())]
    return str(model.data(model.index(0, titles.index("Days at home"))))


def test_a_hospital_stay_begins_and_ends_and_its_days_do_not_count(shell: Shell, qtbot: QtBot, ann: PatientId) -> None:
    page = opened(shell, qtbot, ann)
    assert days_shown(page) == "11"
    page._interrupt()
    form = page.dialog.form
    form.kind.set_value(InterruptionKind.HOSPITAL)
    form.first_on.set_value(today() - timedelta(days=5))
    qtbot.mouseClick(page.dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: days_shown(page) == "5", timeout=10_000)
    page._end_pause()
    dialog = page.dialog
    dialog.form.last_on.set_value(today() - timedelta(days=6))
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.banner.isVisible(), timeout=10_000)
    assert dialog.isVisible(), "an end before the beginning is refused where it was typed"
    dialog.form.last_on.set_value(today() - timedelta(days=3))
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: days_shown(page) == "8", timeout=10_000)


def test_a_discharge_stops_what_runs(shell: Shell, qtbot: QtBot, ann: PatientId) -> None:
    page = opened(shell, qtbot, ann)
    page._discharge()
    qtbot.mouseClick(page.dialog.save_button, Qt.MouseButton.LeftButton)
    assert "needed" in page.dialog.form.reason.error.text(), "a discharge needs its reason"
    qtbot.keyClicks(page.dialog.form.reason.line, "therapy complete")
    qtbot.mouseClick(page.dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Discharged" in page.care.text(), timeout=10_000)
    with shell.context.database.reading() as session:
        kept = patient_page(session, ann)
    assert kept.episode is None
    assert kept.therapies[0].order.stops_on == today()


def test_opening_is_noted_once_however_often_the_page_is_brought_up_to_date(
    shell: Shell, qtbot: QtBot, ann: PatientId
) -> None:
    opened(shell, qtbot, ann)
    for _ in range(3):
        shell.changes.announce("deliveries")
        qtbot.waitUntil(lambda: not shell.jobs.running, timeout=10_000)
    with shell.context.database.reading() as session:
        seen = [row for row in audit_rows(session, patient_id=ann) if row.kind is AuditKind.VIEW]
    assert len(seen) == 1


def test_an_unknown_patient_leaves_no_other_patient_in_view(shell: Shell, qtbot: QtBot, ann: PatientId) -> None:
    page = opened(shell, qtbot, ann)
    shell.open("patient", ann + 999)
    qtbot.waitUntil(lambda: not shell.jobs.running, timeout=10_000)
    assert page.shown is None
    assert page.name.text() == ""
