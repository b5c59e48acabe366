"""One patient's page as a coordinator uses it: a hospital stay begins and ends, days follow, then the discharge."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSettings, Qt
from pytestqt.qtbot import QtBot

from infusion_desktop.access.people import UserId, add_first_administrator
from infusion_desktop.access.pharmacy import Profile, save_profile
from infusion_desktop.access.queries import audit_rows
from infusion_desktop.access.roles import AuditKind, Permission
from infusion_desktop.billing.months.visits import NewVisit, add_visit
from infusion_desktop.billing.terms.authorizations import authorizations
from infusion_desktop.billing.terms.contracts import add_rules, starter
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.deliveries.care_words import Effect, EventKind
from infusion_desktop.desktop.banner import Banner
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.patients.places import PLACES
from infusion_desktop.desktop.question import Answer, Question
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.patients.admitting import Admission, Checklist, admit
from infusion_desktop.patients.coverage import NewCoverage
from infusion_desktop.patients.demographics import Demographics, edit_demographics
from infusion_desktop.patients.payers import NewPayer, add_payer
from infusion_desktop.patients.prescribers import NewPrescriber, add_prescriber
from infusion_desktop.patients.queries import patient_page
from infusion_desktop.patients.therapies import NewTherapy
from infusion_desktop.patients.words import (
    AccessKind,
    InterruptionKind,
    Method,
    PatientId,
    PayerKind,
    Rank,
    Route,
    Sex,
    TherapyClass,
)
from infusion_desktop.stock.places import set_up_places


@pytest.fixture
def administrator(one_database: Database) -> UserId:
    return add_first_administrator(one_database, "admin", "Ada Min", "correct horse battery")


@pytest.fixture
def ann(one_database: Database, administrator: UserId) -> PatientId:
    """On an antibiotic for eleven days, today included."""
    database, by = one_database, administrator
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
def shell(one_database: Database, administrator: UserId, tmp_path: Path, qtbot: QtBot) -> Iterator[Shell]:
    context = Context(one_database, administrator, "Ada Min", frozenset(Permission), None, tmp_path)
    made = Shell(context, PLACES, settings=QSettings(str(tmp_path / "w.ini"), QSettings.Format.IniFormat))
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.jobs.close()


def opened(shell: Shell, qtbot: QtBot, patient: PatientId) -> Any:
    shell.open("patient", patient)
    page: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: page.shown is not None)
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
    qtbot.waitUntil(lambda: days_shown(page) == "5")
    page._end_pause()
    dialog = page.dialog
    dialog.form.last_on.set_value(today() - timedelta(days=6))
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.banner.isVisible())
    assert dialog.isVisible(), "an end before the beginning is refused where it was typed"
    dialog.form.last_on.set_value(today() - timedelta(days=3))
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: days_shown(page) == "8")


def test_a_discharge_stops_what_runs(shell: Shell, qtbot: QtBot, ann: PatientId) -> None:
    page = opened(shell, qtbot, ann)
    page._discharge()
    qtbot.mouseClick(page.dialog.save_button, Qt.MouseButton.LeftButton)
    assert "needed" in page.dialog.form.reason.error.text(), "a discharge needs its reason"
    qtbot.keyClicks(page.dialog.form.reason.line, "therapy complete")
    qtbot.mouseClick(page.dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Discharged" in page.care.text())
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
        qtbot.waitUntil(lambda: not shell.jobs.running)
    with shell.context.database.reading() as session:
        seen = [row for row in audit_rows(session, patient_id=ann) if row.kind is AuditKind.VIEW]
    assert len(seen) == 1


def test_an_unknown_patient_leaves_no_other_patient_in_view(shell: Shell, qtbot: QtBot, ann: PatientId) -> None:
    noon = datetime(2026, 3, 3, 12, tzinfo=UTC)
    visit = NewVisit(ann, noon, noon + timedelta(hours=1), "R. Nurse")
    add_visit(shell.context.database, visit, shell.context.user_id)
    page = opened(shell, qtbot, ann)
    assert page.visits.model.rows
    shell.open("patient", ann + 999)
    qtbot.waitUntil(lambda: not shell.jobs.running)
    assert page.shown is None
    assert page.name.text() == ""
    assert not any(table.model.rows for table in page.findChildren(TableView))


def press_save(qtbot: QtBot, page: Any) -> None:
    qtbot.mouseClick(page.dialog.save_button, Qt.MouseButton.LeftButton)


def in_dialog(qtbot: QtBot, page: Any, ask: Any) -> Any:
    """The form a deed asks for, once its lists are there."""
    page.dialog = None
    ask()
    qtbot.waitUntil(lambda: page.dialog is not None and page.dialog.isVisible())
    return page.dialog.form


def test_particulars_coverage_device_and_checklist_are_changed_in_the_window(
    shell: Shell, qtbot: QtBot, ann: PatientId
) -> None:
    page = opened(shell, qtbot, ann)
    form = in_dialog(qtbot, page, page._edit_person)
    form.street.line.selectAll()
    qtbot.keyClicks(form.street.line, "77 New Harbor Way")
    form.allergies.set_value("Penicillin")
    form.latex.set_value(False)
    form.zip.line.clear()
    press_save(qtbot, page)
    assert "needed" in form.zip.error.text()
    form.zip.set_value("97206")
    press_save(qtbot, page)
    qtbot.waitUntil(lambda: "77 New Harbor Way" in page.facts.text())
    assert not page.latex.isVisibleTo(page)
    assert "Penicillin" in page.care.text()

    form = in_dialog(qtbot, page, page._edit_episode)
    for check in form.checks.values():
        check.set_value(True)
    press_save(qtbot, page)
    qtbot.waitUntil(lambda: "Checklist" not in page.care.text())

    form = in_dialog(qtbot, page, page._add_device)
    form.kind.set_value(AccessKind.PORT)
    form.site.set_value("right chest")
    press_save(qtbot, page)
    qtbot.waitUntil(lambda: len(page.devices.model.rows) == 1)
    form = in_dialog(qtbot, page, page._edit_device)
    form.removed_on.set_value(today())
    press_save(qtbot, page)
    qtbot.waitUntil(lambda: bool(page.devices.model.rows[0].device.removed_on))

    form = in_dialog(qtbot, page, page._add_coverage)
    form.payer.set_value(page.coverages.model.rows[0].policy.payer_id)
    form.member.set_value("S77")
    press_save(qtbot, page)
    qtbot.waitUntil(lambda: page.dialog.banner.isVisible())
    assert "primary at the same time" in page.dialog.banner.text.text()
    form.rank.set_value(Rank.SECONDARY)
    press_save(qtbot, page)
    qtbot.waitUntil(lambda: len(page.coverages.model.rows) == 2)
    page.coverages.select_ids([page.coverages.model.rows[1].id])
    form = in_dialog(qtbot, page, page._end_coverage)
    press_save(qtbot, page)
    qtbot.waitUntil(lambda: page.coverages.model.rows[1].policy.ends_on == today())


def test_an_order_changes_from_tomorrow_and_its_test_and_task_are_kept(
    shell: Shell, qtbot: QtBot, ann: PatientId
) -> None:
    page = opened(shell, qtbot, ann)
    form = in_dialog(qtbot, page, page._add_lab)
    qtbot.keyClicks(form.name.line, "CBC, BMP")
    press_save(qtbot, page)
    qtbot.waitUntil(lambda: len(page.labs.model.rows) == 1)
    form = in_dialog(qtbot, page, page._change)
    assert form.drug.value() == "cefazolin 2 g", "the order as it stands is filled in"
    form.interval.set_value(12)
    form.fields[0].set_value(today() + timedelta(days=1))
    press_save(qtbot, page)
    assert "needed" in form.fields[1].error.text(), "a change needs its reason"
    qtbot.keyClicks(form.fields[1].line, "call from the prescriber")
    press_save(qtbot, page)
    qtbot.waitUntil(lambda: len(page.therapies.model.rows) == 2)
    newer, older = page.therapies.model.rows
    assert (newer.order.interval_hours, older.order.interval_hours) == (12, 8)
    assert (newer.replaces, older.order.stops_on) == (older.id, today())

    form = in_dialog(qtbot, page, page._add_task)
    qtbot.keyClicks(form.title.line, "Ask for the culture result")
    press_save(qtbot, page)
    qtbot.waitUntil(lambda: len(page.tasks.model.rows) == 1)
    form = in_dialog(qtbot, page, page._assign_task)
    owner = form.fields[0]
    owner.set_value(shell.context.user_id)
    press_save(qtbot, page)
    qtbot.waitUntil(lambda: page.tasks.model.rows[0].owner == "Ada Min")
    form = in_dialog(qtbot, page, page._finish_task)
    qtbot.keyClicks(form.reason.line, "sensitive to cefazolin")
    press_save(qtbot, page)
    qtbot.waitUntil(lambda: page.tasks.model.rows[0].done)


def test_an_order_given_by_telephone_is_signed_later(shell: Shell, qtbot: QtBot, ann: PatientId) -> None:
    page = opened(shell, qtbot, ann)
    form = in_dialog(qtbot, page, page._correct)
    qtbot.keyClicks(form.fields[0].line, "it was a call")
    form.unsigned.set_value(True)
    press_save(qtbot, page)
    qtbot.waitUntil(lambda: page.therapies.model.rows[0].order.unsigned)
    form = in_dialog(qtbot, page, page._signed)
    form.fields[0].set_value(today() + timedelta(days=1))
    press_save(qtbot, page)
    qtbot.waitUntil(lambda: page.dialog.banner.isVisible())
    form.fields[0].set_value(today())
    press_save(qtbot, page)
    qtbot.waitUntil(lambda: not page.therapies.model.rows[0].order.unsigned)
    assert page.therapies.model.rows[0].signed_on == today()
    page.dialog = None
    page._signed()
    assert page.dialog is None and "signed already" in page.findChild(Banner).text.text()


def test_an_order_is_written_without_scrolling(shell: Shell, qtbot: QtBot, ann: PatientId) -> None:
    page = opened(shell, qtbot, ann)
    form = in_dialog(qtbot, page, page._order)
    assert form.visibleRegion().boundingRect().height() == form.height() and page.dialog.height() < shell.height()


def test_an_event_is_logged_and_the_glance_and_time_line_show_it(shell: Shell, qtbot: QtBot, ann: PatientId) -> None:
    page = opened(shell, qtbot, ann)
    assert any("cefazolin" in line for line in page.glance.texts["Therapies"])
    assert page.glance.texts["Events"] == ["No event."]
    assert page.glance.texts["Who pays"][0] == "Balance: $0.00"
    page.dialog = None
    page._log_event()
    qtbot.waitUntil(lambda: page.dialog is not None and page.dialog.isVisible())
    dialog = page.dialog
    dialog.kind.set_value(EventKind.ALLERGIC_REACTION)
    qtbot.keyClicks(dialog.what.line, "Hives after the dose")
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    assert "needed" in dialog.action.error.text()
    qtbot.keyClicks(dialog.action.line, "Dose stopped")
    dialog.effect.set_value(Effect.HELD)
    qtbot.keyClicks(dialog.follow_up.line, "Ask the prescriber for another drug")
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(page.events.model.rows) == 1)
    assert any("Hives" in line for line in page.glance.texts["Events"])
    assert any("another drug" in line for line in page.glance.texts["To do"])
    assert any("Hives" in row.what for row in page.line.model.rows)
    assert page.pauses.model.rows[0].pause.kind is InterruptionKind.HOLD
    form = in_dialog(qtbot, page, page._withdraw_event)
    qtbot.keyClicks(form.reason.line, "another patient's")
    press_save(qtbot, page)
    qtbot.waitUntil(lambda: page.glance.texts["Events"] == ["No event."])


def test_a_restricted_record_asks_why_once_for_each_opening(
    one_database: Database, administrator: UserId, shell: Shell, qtbot: QtBot, ann: PatientId
) -> None:
    with one_database.reading() as session:
        kept = patient_page(session, ann)
    person = replace(kept.person, restricted=True)
    edit_demographics(one_database, ann, person, kept.version, administrator, "works here")
    asked: list[Question] = []
    answers = [Answer(False, ""), Answer(True, "her delivery is late")]

    def ask(question: Question, answered: Any, _parent: Any) -> None:
        asked.append(question)
        answered(answers[len(asked) - 1])

    shell.messages.ask = ask
    shell.open("patient", ann)
    page: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: len(asked) == 1 and not shell.jobs.running)
    assert page.shown is None and not page.name.text()
    assert asked[0].needs_reason
    shell.open("patient", ann)
    qtbot.waitUntil(lambda: page.shown is not None)
    shell.reload()
    qtbot.waitUntil(lambda: not shell.jobs.running)
    assert len(asked) == 2
    with one_database.reading() as session:
        assert [row.reason for row in audit_rows(session, kind=AuditKind.VIEW)] == ["her delivery is late"]


def test_a_nurses_visit_is_entered_put_right_and_taken_back(shell: Shell, qtbot: QtBot, ann: PatientId) -> None:
    shell.open("visits", ann)
    page: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: page.shown is not None)
    assert page.tabs.tabText(page.tabs.currentIndex()) == "Visits"
    page._visit()
    dialog = page.dialog
    qtbot.keyClicks(dialog.nurse.line, "R. Nurse")
    dialog.day.set_value(today())
    for field, typed in ((dialog.came, "10:00"), (dialog.left, "9:30")):
        qtbot.keyClicks(field.line, typed)
    dialog.press()
    qtbot.waitUntil(lambda: "ends before it begins" in dialog.banner.text.text())
    dialog.left.set_value("12:40")
    dialog.press()
    qtbot.waitUntil(lambda: len(page.visits.model.rows) == 1)
    assert (page.visits.model.rows[0].minutes, page.visits.model.rows[0].visit.specialised) == (160, False)
    page._correct_visit()
    again = page.dialog
    assert (again.nurse.value(), again.came.value(), again.left.value()) == ("R. Nurse", "10:00", "12:40")
    again.left.set_value("11:30")
    again.trained.set_value(True)
    again.press()
    qtbot.waitUntil(lambda: [row.minutes for row in page.visits.model.rows] == [90])
    assert page.visits.model.rows[0].visit.specialised
    page._take_back_visit()
    page.dialog.form.reason.set_value("another patient's")
    page.dialog.press()
    qtbot.waitUntil(lambda: page.visits.model.rows == ())


def test_rental_months_paid_elsewhere_are_entered_and_taken_back(shell: Shell, qtbot: QtBot, ann: PatientId) -> None:
    shell.open("patient", ann)
    page: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: page.shown is not None)
    page._add_elsewhere()
    dialog = page.dialog
    qtbot.keyClicks(dialog.code.line, "E0000")
    dialog.day.set_value(today())
    dialog.press()
    qtbot.waitUntil(lambda: "E0000 is no code of a pump" in dialog.banner.text.text())
    dialog.code.set_value("e0781")
    dialog.months.set_value(4)
    dialog.press()
    qtbot.waitUntil(lambda: [row.had.months for row in page.elsewhere.model.rows] == [4])
    page.elsewhere.select_ids([page.elsewhere.model.rows[0].id])
    page._take_back_elsewhere()
    page.dialog.form.reason.set_value("another patient's")
    page.dialog.press()
    qtbot.waitUntil(lambda: page.elsewhere.model.rows == ())


def test_an_authorization_is_asked_for_and_entered_for_a_code_with_its_modifier(
    shell: Shell, qtbot: QtBot, ann: PatientId, administrator: UserId
) -> None:
    database = shell.context.database
    ours = ("Northside", "12 Mill Road", "Portland", "OR", "972010001", "5035550123", "1234567893", "411234567")
    save_profile(database, Profile(*ours), administrator)
    page = opened(shell, qtbot, ann)
    payer = page.coverages.model.rows[0].policy.payer_id
    add_rules(database, payer, starter("commercial_access").rules, date(2020, 1, 1), administrator)
    page._open_tab("Coverage")
    page._request()
    page.dialog.press()
    qtbot.waitUntil(lambda: hasattr(page, "paper"))
    assert page.paper.preview._pdf.startswith(b"%PDF")
    page.paper.close()
    page._authorize()
    dialog = page.dialog
    for field, typed in ((dialog.number, "PA77"), (dialog.code, "S9502"), (dialog.modifiers, "sh")):
        qtbot.keyClicks(field.line, typed)
    dialog.payer.set_value(payer)
    dialog.first_on.set_value(today())
    dialog.last_on.set_value(today())
    dialog.press()

    def kept() -> list[tuple[str, tuple[str, ...]]]:
        with database.reading() as session:
            return [(each.allowed.code, each.allowed.modifiers) for each in authorizations(session, ann, payer)]

    qtbot.waitUntil(lambda: kept() == [("S9502", ("SH",))])
