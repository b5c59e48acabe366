"""From the intake form to an open episode, and everything that may be wrong with it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from infusion_desktop.access.queries import audit_rows
from infusion_desktop.access.roles import Role, UserId
from infusion_desktop.access.tables import AuditEntry, AuditKind
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, today
from infusion_desktop.errors import NotAllowed, Refused, Stale, Warned
from infusion_desktop.patients.admitting import Admission, Checklist, admit, edit_episode, readmit
from infusion_desktop.patients.coverage import NewCoverage, add_coverage, edit_coverage
from infusion_desktop.patients.demographics import edit_demographics
from infusion_desktop.patients.devices import NewDevice, add_device, edit_device
from infusion_desktop.patients.discharging import discharge
from infusion_desktop.patients.interruptions import (
    NewInterruption,
    close_interruption,
    interrupt,
    remove_interruption,
)
from infusion_desktop.patients.payers import edit_payer
from infusion_desktop.patients.prescribers import add_prescriber, edit_prescriber
from infusion_desktop.patients.queries import (
    open_patient,
    patient_page,
    patients,
    payers,
    prescribers,
    therapy_calendars,
)
from infusion_desktop.patients.rules import read_diagnosis
from infusion_desktop.patients.tables import Patient
from infusion_desktop.patients.therapies import change_therapy, order_therapy, stop_therapy
from infusion_desktop.patients.words import AccessKind, InterruptionKind, Rank, Relation, TherapyClass

Staff = dict[Role, UserId]


def test_one_deed_admits_with_coverage_device_and_order(database: Database, staff: Staff, intake: Admission) -> None:
    ann = admit(database, intake, staff[Role.COORDINATOR])
    page = open_patient(database, ann, staff[Role.PHARMACIST])
    assert page.number == "P000001"
    assert (page.person.state, page.person.phone) == ("OR", "5035550123")
    assert page.episode is not None
    assert page.episode.diagnoses == ("M86.171", "Z45.2")
    assert not page.episode.checklist.missing
    assert [each.device for each in page.therapies] == ["PICC, 2 lumens, left arm"]
    assert [(each.payer, each.policy.member_id) for each in page.coverages] == [("Cascadia Health Plan", "W123")]
    with database.reading() as session:
        views = select(func.count()).where(AuditEntry.kind == AuditKind.VIEW, AuditEntry.patient_id == ann)
        assert session.scalar(views) == 1


def test_everything_wrong_is_said_together_and_nothing_is_kept(
    database: Database, staff: Staff, intake: Admission
) -> None:
    person = replace(intake.person, last_name=" ", phone="12", zip="9720", born_on=today() + timedelta(days=1))
    policy = replace(intake.coverages[0], relation=Relation.SPOUSE, rank=Rank.SECONDARY)
    wrong = replace(intake, person=person, coverages=(policy, policy), diagnoses=("M8",))
    with pytest.raises(Refused) as no:
        admit(database, wrong, staff[Role.COORDINATOR])
    said = " ".join(no.value.reasons)
    for part in ("last name", "telephone", "ZIP", "in the future", "holder's name", "ICD-10", "secondary", "primary"):
        assert part in said
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Patient)) == 0


def test_the_same_person_is_not_admitted_twice_by_mistake(database: Database, staff: Staff, intake: Admission) -> None:
    admit(database, intake, staff[Role.COORDINATOR])
    with pytest.raises(Refused, match="known as P000001"):
        admit(database, intake, staff[Role.COORDINATOR])
    other = admit(database, replace(intake, same_name_is_somebody_else=True), staff[Role.COORDINATOR])
    with database.reading() as session:
        assert patient_page(session, other).number == "P000002"


def test_only_those_who_may_admit_do(database: Database, staff: Staff, intake: Admission) -> None:
    with pytest.raises(NotAllowed):
        admit(database, intake, staff[Role.TECHNICIAN])


@pytest.mark.parametrize("typed", ["luk", "ann łuk", "P000001", "555-0123", "5/4/1961", "Lukasik, A", "0123"])
def test_a_patient_is_found_while_typing(database: Database, staff: Staff, intake: Admission, typed: str) -> None:
    admit(database, intake, staff[Role.COORDINATOR])
    with database.reading() as session:
        (found,) = patients(session, typed)
        assert (found.name, found.payer, found.in_care) == ("Łukasik, Ann", "Cascadia Health Plan", True)
        assert found.therapies == ("cefazolin 2 g",)
        assert patients(session, "ann smith") == ()


def test_of_two_editors_the_second_is_told(database: Database, staff: Staff, intake: Admission) -> None:
    ann = admit(database, intake, staff[Role.COORDINATOR])
    moved = replace(intake.person, street="7 Birch Lane")
    edit_demographics(database, ann, moved, 1, staff[Role.COORDINATOR])
    with pytest.raises(Stale):
        edit_demographics(database, ann, replace(moved, city="Salem"), 1, staff[Role.PHARMACIST])
    with database.reading() as session:
        page = patient_page(session, ann)
    assert (page.person.street, page.person.city, page.version) == ("7 Birch Lane", "Portland", 2)


def test_pauses_leave_the_order_alone_and_the_calendar_counts_around_them(
    database: Database, staff: Staff, intake: Admission
) -> None:
    by = staff[Role.PHARMACIST]
    ann = admit(database, intake, by)
    hospital = interrupt(database, ann, NewInterruption(InterruptionKind.HOSPITAL, date(2026, 3, 5)), by)
    with pytest.raises(Refused, match="Close or remove it first"):
        interrupt(database, ann, NewInterruption(InterruptionKind.HOLD, date(2026, 3, 9)), by)
    march = Days(date(2026, 3, 1), date(2026, 3, 31))
    with database.reading() as session:
        (open_ended,) = therapy_calendars(session, march, ann)
    assert open_ended.days(march) == tuple(date(2026, 3, day) for day in (2, 3, 4))
    close_interruption(database, hospital, date(2026, 3, 7), 1, by)
    mistaken = interrupt(database, ann, NewInterruption(InterruptionKind.AWAY, date(2026, 3, 10)), by)
    remove_interruption(database, mistaken, "wrong patient", 1, by)
    with database.reading() as session:
        (closed,) = therapy_calendars(session, march)
        (kept,) = patient_page(session, ann).therapies
    assert [day.day for day in closed.days(march)] == [2, 3, 4, 8, 9, 10, 11, 12, 13, 14, 15]
    assert (kept.order.starts_on, kept.order.stops_on) == (intake.order and intake.order.starts_on, date(2026, 3, 15))
    assert (closed.device, closed.lumens) == (AccessKind.PICC, 2)


def test_orders_change_with_a_reason_and_another_kind_is_a_new_order(
    database: Database, staff: Staff, intake: Admission
) -> None:
    by = staff[Role.PHARMACIST]
    ann = admit(database, intake, by)
    assert intake.order is not None
    with database.reading() as session:
        (row,) = patient_page(session, ann).therapies
    longer = replace(row.order, stops_on=date(2026, 3, 29))
    with pytest.raises(Refused, match="Say why"):
        change_therapy(database, row.id, longer, row.version, by, " ")
    with pytest.raises(Refused, match="new order"):
        other = replace(longer, therapy_class=TherapyClass.HYDRATION)
        change_therapy(database, row.id, other, row.version, by, "call")
    change_therapy(database, row.id, longer, row.version, by, "prescriber called")
    stop_therapy(database, row.id, date(2026, 3, 20), "switched to oral", row.version + 1, by)
    midline = add_device(database, ann, NewDevice(AccessKind.MIDLINE), by)
    edit_device(database, midline, NewDevice(AccessKind.MIDLINE, placed_on=date(2026, 3, 1),
                                             removed_on=date(2026, 3, 8)), 1, by)  # fmt: skip
    with pytest.raises(Refused, match="was removed before"):
        order_therapy(database, ann, replace(intake.order, device_id=midline, starts_on=date(2026, 3, 10)), by)
    with database.reading() as session:
        (kept,) = patient_page(session, ann).therapies
    assert (kept.order.stops_on, kept.stop_reason) == (date(2026, 3, 20), "switched to oral")


def test_discharge_stops_therapies_and_a_patient_can_come_back(
    database: Database, staff: Staff, intake: Admission
) -> None:
    by = staff[Role.COORDINATOR]
    ann = admit(database, intake, by)
    with database.reading() as session:
        episode = patient_page(session, ann).episode
    assert episode is not None
    edit_episode(database, episode.id, ("M86.171",), Checklist(trained=True), 1, by)
    with pytest.raises(Refused, match="in care already"):
        readmit(database, ann, date(2026, 4, 1), ("M86.171",), Checklist(), by)
    discharge(database, episode.id, date(2026, 3, 10), "goals met", 2, by)
    with database.reading() as session:
        page = patient_page(session, ann)
        assert page.episode is None
        assert page.therapies[0].order.stops_on == date(2026, 3, 10)
        assert patients(session, in_care_only=True) == ()
    with pytest.raises(Refused, match="Admit the patient again"):
        assert intake.order is not None
        order_therapy(database, ann, intake.order, by)
    readmit(database, ann, date(2026, 4, 1), ("M86.171",), Checklist(), by)
    with database.reading() as session:
        again = patient_page(session, ann)
    assert again.episode is not None
    assert "home safe" in again.episode.checklist.missing


def test_on_one_day_only_one_policy_is_primary(database: Database, staff: Staff, intake: Admission) -> None:
    by = staff[Role.BILLER]
    ann = admit(database, intake, staff[Role.COORDINATOR])
    payer = intake.coverages[0].payer_id
    with pytest.raises(Refused, match="primary at the same time"):
        add_coverage(database, ann, NewCoverage(payer, "X9", date(2026, 2, 1)), by)
    with database.reading() as session:
        (first,) = patient_page(session, ann).coverages
    edit_coverage(database, first.id, replace(first.policy, ends_on=date(2026, 1, 31)), first.version, by)
    add_coverage(database, ann, NewCoverage(payer, "X9", date(2026, 2, 1)), by)
    with database.reading() as session:
        assert [each.policy.member_id for each in patient_page(session, ann).coverages] == ["X9", "W123"]


def test_payers_and_prescribers_are_ended_not_doubled(database: Database, staff: Staff, intake: Admission) -> None:
    with database.reading() as session:
        (doctor,), (payer,) = prescribers(session), payers(session)
    with pytest.raises(Refused, match="Lena Hartmann's"):
        add_prescriber(database, doctor.prescriber, staff[Role.COORDINATOR])
    with pytest.raises(Refused, match="check digit"):
        add_prescriber(database, replace(doctor.prescriber, npi="1234567890"), staff[Role.COORDINATOR])
    ended = replace(doctor.prescriber, ended_on=date(2026, 2, 1))
    edit_prescriber(database, doctor.id, ended, doctor.version, staff[Role.COORDINATOR])
    edit_payer(database, payer.id, replace(payer.payer, ended_on=date(2025, 2, 1)), payer.version, staff[Role.BILLER])
    with database.reading() as session:
        assert prescribers(session) == () == payers(session)
        assert prescribers(session, ended_too=True)[0].name == "Lena Hartmann, MD"
    with pytest.raises(Refused) as no:
        admit(database, intake, staff[Role.COORDINATOR])
    assert any("no longer orders" in reason for reason in no.value.reasons)
    assert any("Cascadia Health Plan was ended" in reason for reason in no.value.reasons)


@pytest.mark.parametrize("text", ["M86.171", "c50919", "Z45.2", "O9A.111", "I10", "S72.001A"])
def test_diagnosis_codes_keep_their_dot(text: str) -> None:
    assert read_diagnosis(text).replace(".", "") == text.upper().replace(".", "")


@pytest.mark.parametrize("text", ["", "M8", "86.171", "M86.17111", "M86..1", "M86,1", "١٢٣"])
def test_what_is_no_diagnosis_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        read_diagnosis(text)


def test_one_stay_heard_of_at_two_desks_at_once_is_written_once(
    database: Database, staff: Staff, intake: Admission
) -> None:
    by = staff[Role.PHARMACIST]
    ann = admit(database, intake, by)

    def hear(day: date) -> bool:
        try:
            interrupt(database, ann, NewInterruption(InterruptionKind.HOSPITAL, day, day), by)
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(4) as desks:
        for number in range(4):
            day = date(2026, 3, 5 + number)
            assert sorted(desks.map(hear, [day] * 4)) == [False, False, False, True]


def test_a_restricted_record_is_opened_only_with_a_reason_and_the_reason_is_kept(
    database: Database, staff: Staff, intake: Admission
) -> None:
    by = staff[Role.PHARMACIST]
    ann = admit(database, intake, by)
    page = open_patient(database, ann, by)
    edit_demographics(database, ann, replace(page.person, restricted=True), page.version, by, "works here")
    with pytest.raises(Warned, match="restricted"):
        open_patient(database, ann, by)
    with database.reading() as session:
        looks = audit_rows(session, kind=AuditKind.VIEW, patient_id=ann)
    assert len(looks) == 1, "who did not say why saw nothing"
    assert open_patient(database, ann, by, "her delivery is late").person.restricted
    with database.reading() as session:
        assert audit_rows(session, kind=AuditKind.VIEW, patient_id=ann)[0].reason == "her delivery is late"
