"""The audit trail in the window, by person, patient, kind and days; who looked at a patient (RELIABILITY C6)."""

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from infusion_desktop.access.people import add_person
from infusion_desktop.access.queries import audit_rows
from infusion_desktop.access.roles import AuditKind, Permission, Role
from infusion_desktop.dates import Days, today
from infusion_desktop.deliveries.plans.planning import Wanted, plan_items
from infusion_desktop.desktop.context import Context
from infusion_desktop.desktop.office import trail
from infusion_desktop.desktop.rooms import house as rooms_of
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.patients.admitting import Admission, Checklist, admit
from infusion_desktop.patients.demographics import Demographics, edit_demographics
from infusion_desktop.patients.openings import note_opening
from infusion_desktop.patients.queries import open_patient, patient_page
from infusion_desktop.patients.words import Sex
from infusion_desktop.reporting.people import openings_of_restricted, openings_without_care
from tests.desktop.deliveries.conftest import House


def test_who_looked_at_a_patient_and_what_each_filter_leaves(house: House, shell: Shell, qtbot: QtBot) -> None:
    database = house.database
    nosy = add_person(
        database, "nosy", "Nora Nosy", "correct horse battery", frozenset({Role.TECHNICIAN}), house.administrator
    )
    open_patient(database, house.patient, nosy)
    shell.open("who looked", house.patient)
    screen: Any = shell.screen_in_front

    def shown() -> list[Any]:
        return list(screen.table.model.shown)

    qtbot.waitUntil(lambda: bool(shown()) and bool(screen.patient.value()))
    with database.reading() as session:
        expected = [row.id for row in audit_rows(session, patient_id=house.patient)]
    qtbot.waitUntil(lambda: [row.id for row in shown()] == expected)
    screen.kind.set_value(AuditKind.VIEW)
    qtbot.waitUntil(lambda: {row.kind for row in shown()} == {AuditKind.VIEW})
    screen.who.set_value(nosy)
    qtbot.waitUntil(lambda: [row.by for row in shown()] == ["Nora Nosy"])
    screen.first.set_value(today() + timedelta(days=2))
    screen.first.changed.emit()
    qtbot.waitUntil(lambda: not shown())
    screen.everything.click()
    qtbot.waitUntil(lambda: len(shown()) > len(expected))
    screen.patient.set_value("nobody")
    screen.patient.changed.emit()
    qtbot.waitUntil(lambda: not shown())


def test_the_window_does_not_wait_while_the_trail_is_searched(
    house: House, shell: Shell, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person's few old entries among a million take a tenth of a second to find: on a thread of their own."""
    go_on, found = threading.Event(), threading.Event()

    def slowly(*asked: Any, **named: Any) -> Any:
        assert go_on.wait(60)
        found.set()
        return audit_rows(*asked, **named)

    monkeypatch.setattr(trail, "audit_rows", slowly)
    shell.go("trail")
    screen: Any = shell.screen_in_front
    qtbot.keyClicks(screen.patient.line, "P000001")  # Typed meanwhile: the window answers.
    assert screen.patient.value() == "P000001"
    assert not found.is_set()
    go_on.set()
    qtbot.waitUntil(lambda: bool(screen.table.model.shown))


def test_an_opening_without_care_is_told_and_one_beside_an_order_is_not(house: House) -> None:
    database, day = house.database, today()
    person = Demographics(
        "Unasked",
        "Una",
        day - timedelta(days=9000),
        Sex.FEMALE,
        "5035550124",
        "1 Elm Avenue",
        "Portland",
        "OR",
        "97205",
    )
    una = admit(
        database, Admission(person, day, checklist=Checklist(True, True, True, True, True)), house.administrator
    )
    open_patient(database, house.patient, house.administrator)
    open_patient(database, una, house.administrator, "asked by telephone")
    with database.reading() as session:
        found = openings_without_care(session, Days(day - timedelta(days=1), day + timedelta(days=1)))
    assert [(row[5], row[6]) for row in found.rows] == [("Unasked, Una", "asked by telephone")]
    assert found.totals is not None
    assert found.totals[0] == "1 of 2"


def test_openings_of_restricted_records_are_reported_with_their_reasons(house: House) -> None:
    database, by, day = house.database, house.administrator, today()
    open_patient(database, house.patient, by)
    with database.reading() as session:
        page = patient_page(session, house.patient)
    edit_demographics(database, house.patient, replace(page.person, restricted=True), page.version, by, "works here")
    note_opening(database, house.patient, "claim", 7, by, "the payer asked")
    with database.reading() as session:
        found = openings_of_restricted(session, Days(day - timedelta(days=1), day + timedelta(days=1)))
    assert [(row[2], row[5], row[6], row[7]) for row in found.rows] == [
        ("Ada Min", "Łukasik, Ann", "claim", "the payer asked"),
        ("Ada Min", "Łukasik, Ann", "patient", None),
    ]


def test_whatever_tells_of_a_patient_is_noted_once_for_each_opening(house: House, qtbot: QtBot, tmp_path: Path) -> None:
    context = Context(house.database, house.administrator, "Ada Min", frozenset(Permission))
    shell = Shell(context, rooms_of(context).places)
    qtbot.addWidget(shell)
    shell.show()
    period = Days(today(), today() + timedelta(days=6))
    wanted = [Wanted(house.flush, 2)]
    delivery = plan_items(house.database, house.patient, period, today(), wanted, house.administrator)
    ways = (
        ("refill call", house.patient), ("supply plan", house.patient), ("delivery", delivery),
        ("new delivery", house.patient), ("bench", delivery), ("patient", house.patient),
    )  # fmt: skip
    for kind, record in ways:
        shell.open(kind, int(record))
        qtbot.waitUntil(lambda: not shell.jobs.running)
        shell.reload()
        qtbot.waitUntil(lambda: not shell.jobs.running)
    with house.database.reading() as session:
        seen = audit_rows(session, kind=AuditKind.VIEW, patient_id=house.patient)
    assert [row.subject.rpartition(" ")[0] for row in reversed(seen)] == [
        "refill call", "supply plan", "delivery", "new delivery", "kit on the bench", "patient",
    ]  # fmt: skip
    shell.jobs.close()
