"""An order changes from a day on: the past keeps the version it was made from; tests go with the order."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from infusion_desktop.access.roles import Role, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days
from infusion_desktop.errors import NotAllowed, Refused, Stale
from infusion_desktop.patients.admitting import Admission, admit
from infusion_desktop.patients.interruptions import NewInterruption, interrupt
from infusion_desktop.patients.labs import NewLab, add_lab, end_lab, labs_of
from infusion_desktop.patients.order_versions import change_from, first_versions, versions_of
from infusion_desktop.patients.queries import TherapyRow, patient_page, therapies_of, therapy_calendars
from infusion_desktop.patients.therapies import stop_therapy
from infusion_desktop.patients.words import InterruptionKind, PatientId, TherapyClass
from tests.patients.conftest import STARTS


@pytest.fixture
def ann(database: Database, staff: dict[Role, UserId], intake: Admission) -> PatientId:
    return admit(database, intake, staff[Role.PHARMACIST])


@pytest.fixture
def orders(database: Database, ann: PatientId) -> Callable[[], tuple[TherapyRow, ...]]:
    """The patient's orders, the oldest first."""

    def read() -> tuple[TherapyRow, ...]:
        with database.reading() as session:
            return tuple(reversed(therapies_of(session, ann)))

    return read


def test_a_dose_changes_from_a_day_on_and_the_past_stays(
    database: Database, staff: dict[Role, UserId], ann: PatientId, orders: Callable[[], tuple[TherapyRow, ...]]
) -> None:
    by, (kept,) = staff[Role.PHARMACIST], orders()
    lab = add_lab(database, kept.id, NewLab(" CBC, BMP ", STARTS + timedelta(days=2)), by)
    on = STARTS + timedelta(days=6)
    wanted = replace(kept.order, interval_hours=12, drug="cefazolin 1 g")
    newer = change_from(database, kept.id, wanted, on, kept.version, by, "level too high")
    before, after = orders()
    assert (before.id, before.order.interval_hours, before.order.stops_on) == (kept.id, 8, on - timedelta(days=1))
    assert "level too high" in before.stop_reason
    assert (after.id, after.replaces, after.order.starts_on) == (newer, kept.id, on)
    assert after.order.stops_on == kept.order.stops_on
    with database.reading() as session:
        assert first_versions(session, ann) == {kept.id: kept.id, newer: kept.id}
        assert versions_of(session, newer) == {kept.id, newer}
        days = [each.days(Days(STARTS, date(2026, 3, 15))) for each in therapy_calendars(
            session, Days(STARTS, date(2026, 3, 15)), ann)]  # fmt: skip
        assert sorted(day for each in days for day in each) == list(Days(STARTS, date(2026, 3, 15))), "each day once"
        (drawn,) = labs_of(session, ann)
        assert (drawn.id, drawn.therapy_id, drawn.lab.name) == (lab, newer, "CBC, BMP"), "tests go on"
    end_lab(database, lab, on + timedelta(days=1), drawn.version, by)
    with pytest.raises(Refused, match="already"):
        change_from(database, kept.id, wanted, on, before.version, by, "again")


def test_a_change_is_refused_with_all_reasons(
    database: Database, staff: dict[Role, UserId], ann: PatientId, orders: Callable[[], tuple[TherapyRow, ...]]
) -> None:
    by, (kept,) = staff[Role.PHARMACIST], orders()
    on = STARTS + timedelta(days=3)
    with pytest.raises(Refused) as no:
        change_from(database, kept.id, replace(kept.order, therapy_class=TherapyClass.PAIN, drug=""), STARTS,
                    kept.version, by, " ")  # fmt: skip
    said = " ".join(no.value.reasons)
    assert all(word in said for word in ("Say why", "new order", "begins later", "Type the drug"))
    with pytest.raises(Stale):
        change_from(database, kept.id, kept.order, on, kept.version + 1, by, "call")
    with pytest.raises(NotAllowed):
        change_from(database, kept.id, kept.order, on, kept.version, staff[Role.BILLER], "call")
    interrupt(database, ann, NewInterruption(InterruptionKind.HOLD, on, therapy_id=kept.id), by)
    with pytest.raises(Refused, match="interrupted"):
        change_from(database, kept.id, kept.order, on, kept.version, by, "call")
    stop_therapy(database, kept.id, STARTS + timedelta(days=1), "complete", kept.version, by)
    (stopped,) = orders()
    with pytest.raises(Refused, match="Write a new order"):
        change_from(database, kept.id, kept.order, on, stopped.version, by, "call")
    with database.reading() as session:
        assert len(patient_page(session, ann).therapies) == 1, "nothing half done"


def test_a_test_is_refused_before_the_therapy_and_without_a_name(
    database: Database, staff: dict[Role, UserId], orders: Callable[[], tuple[TherapyRow, ...]]
) -> None:
    (kept,) = orders()
    with pytest.raises(Refused) as no:
        add_lab(database, kept.id, NewLab(" ", STARTS - timedelta(days=1), 0), staff[Role.PHARMACIST])
    assert len(no.value.reasons) == 3
