"""A technician packs the kit of a restricted record: asked why once, by one press, and not at each scan (C6)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from infusion_desktop.access.queries import audit_rows
from infusion_desktop.access.roles import AuditKind, Role
from infusion_desktop.dates import ONE_DAY, Days, today
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.plans.planning import Wanted, plan_items
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.desktop.banner import Banner
from infusion_desktop.desktop.question import QuestionDialog
from infusion_desktop.desktop.shell import Shell
from infusion_desktop.patients.demographics import edit_demographics
from infusion_desktop.patients.queries import patient_page

from .conftest import FLUSH, House, gs1

Open = Callable[..., Shell]


@pytest.fixture
def kit(house: House) -> DeliveryId:
    """A released kit of somebody whose record is restricted."""
    database, by, period = house.database, house.administrator, Days(today(), today() + 6 * ONE_DAY)
    delivery = plan_items(database, house.patient, period, today(), [Wanted(house.flush, 2)], by)
    release(database, delivery, by)
    with database.reading() as session:
        page = patient_page(session, house.patient)
    edit_demographics(database, house.patient, replace(page.person, restricted=True), page.version, by, "works here")
    return delivery


def looks(house: House) -> list[tuple[str, str]]:
    with house.database.reading() as session:
        rows = audit_rows(session, kind=AuditKind.VIEW, patient_id=house.patient)
    return [(row.subject.rpartition(" ")[0], row.reason) for row in rows]


def question(qtbot: QtBot) -> QuestionDialog:
    """The question that is asked."""
    found: list[Any] = []

    def asked() -> bool:
        found[:] = [each for each in QApplication.topLevelWidgets() if isinstance(each, QuestionDialog)]
        return any(each.isVisible() for each in found)

    qtbot.waitUntil(asked)
    return next(each for each in found if each.isVisible())


def test_a_kit_is_packed_with_one_reason_and_whoever_gives_none_sees_nothing(
    house: House, kit: DeliveryId, open_shell: Open, qtbot: QtBot
) -> None:
    shell = open_shell("bench", Role.TECHNICIAN)
    bench: Any = shell.screen_in_front
    shell.open("bench", kit)
    question(qtbot).no.click()
    qtbot.waitUntil(lambda: not shell.jobs.running)
    assert bench.kept is None
    assert bench.stack.currentWidget() is bench.home
    assert "restricted" in bench.page.banner.text.text()
    shell.reload()
    qtbot.waitUntil(lambda: not shell.jobs.running)
    assert looks(house) == []
    shell.open("bench", kit)
    asked = question(qtbot)
    assert not asked.yes.isEnabled()
    asked.usual[0].click()
    asked.yes.click()
    qtbot.waitUntil(lambda: bench.kept is not None)
    why = asked.question.usual[0]
    assert looks(house) == [("kit on the bench", why)]
    bench.on_scan(gs1(FLUSH, "FL1"))
    qtbot.waitUntil(lambda: bench.last is not None and not shell.jobs.running)
    shell.open("delivery", kit)
    page: Any = shell.screen_in_front
    qtbot.waitUntil(lambda: page.shown is not None and not shell.jobs.running)
    assert looks(house) == [("delivery", why), ("kit on the bench", why)]


def test_the_page_of_another_delivery_is_hidden_until_somebody_says_why(
    house: House, kit: DeliveryId, open_shell: Open, qtbot: QtBot
) -> None:
    shell = open_shell("deliveries", Role.PHARMACIST)
    shell.open("delivery", kit)
    page: Any = shell.screen_in_front
    asked = question(qtbot)
    qtbot.waitUntil(lambda: not shell.jobs.running)
    assert not page.head.isVisible()
    assert not page.lines.isVisible()
    assert page.findChild(Banner).isVisible()
    asked.reason.setText("the patient called")
    asked.yes.click()
    qtbot.waitUntil(lambda: page.shown is not None)
    assert page.head.isVisible()
    assert page.lines.isVisible()
    assert looks(house) == [("delivery", "the patient called")]
