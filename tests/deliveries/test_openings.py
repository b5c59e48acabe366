"""A restricted record asks why whatever of it is opened or printed, once for as long as one is at it (C6)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from infusion_desktop.access.queries import audit_rows
from infusion_desktop.access.roles import AuditKind, Role, UserId
from infusion_desktop.dates import now_utc, today
from infusion_desktop.deliveries.batches import print_day, print_deliveries, print_wave
from infusion_desktop.deliveries.bench.wave_queries import open_wave
from infusion_desktop.deliveries.bench.waves import make_wave
from infusion_desktop.deliveries.papers import print_manifests
from infusion_desktop.deliveries.printing import print_pick_lists
from infusion_desktop.deliveries.pumps.swap_papers import print_hand_over
from infusion_desktop.deliveries.schedule.dispatch_words import PaperKind
from infusion_desktop.deliveries.screen_queries import open_bench, open_delivery, open_plan
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.errors import AsksWhy
from infusion_desktop.patients import openings
from infusion_desktop.patients.demographics import edit_demographics
from infusion_desktop.patients.openings import USUAL, note_opening
from infusion_desktop.patients.queries import open_patient, patient_page, patients

from .conftest import Bench

WHY = "her delivery is late"
Opens = Callable[[str], Any]


@pytest.fixture
def restricted(bench: Bench) -> DeliveryId:
    """A released delivery of a patient whose record was restricted since."""
    delivery = bench.releases(bench.plans())
    with bench.database.reading() as session:
        page = patient_page(session, bench.patient)
    person = replace(page.person, restricted=True)
    edit_demographics(bench.database, bench.patient, person, page.version, bench.pharmacist, "works here")
    return delivery


def looks(bench: Bench) -> list[tuple[str, str, str]]:
    """What was opened of the patient, by whom and why, the newest first."""
    with bench.database.reading() as session:
        rows = audit_rows(session, kind=AuditKind.VIEW, patient_id=bench.patient)
    return [(row.subject.rpartition(" ")[0], row.by, row.reason) for row in rows]


def every_way(bench: Bench, delivery: DeliveryId, by: UserId) -> dict[str, Opens]:
    """All that shows or prints what tells of the patient, by the name its entry has."""
    data, one = bench.database, [delivery]
    wave = make_wave(data, one, bench.tech)
    return {
        "patient": lambda why: open_patient(data, bench.patient, by, why),
        "delivery": lambda why: open_delivery(data, delivery, by, why),
        "kit on the bench": lambda why: open_bench(data, delivery, by, why),
        "new delivery": lambda why: open_plan(data, bench.patient, by, why),
        "refill call": lambda why: note_opening(data, bench.patient, "refill call", bench.patient, by, why),
        "wave": lambda why: open_wave(data, wave, by, why),
        "manifest": lambda why: print_manifests(data, one, by, why),
        "pick list": lambda why: print_pick_lists(data, one, by, why),
        "hand-over sheet": lambda why: print_hand_over(data, delivery, by, why),
        "deliveries": lambda why: print_deliveries(data, one, [PaperKind.MANIFEST], by, why),
        "day": lambda why: print_day(data, today(), [PaperKind.MANIFEST], by, why),
        "papers of a wave": lambda why: print_wave(data, wave, [PaperKind.MANIFEST], by, why),
    }


def test_whatever_is_opened_of_a_restricted_record_asks_why(bench: Bench, restricted: DeliveryId) -> None:
    for name, opens in every_way(bench, restricted, bench.pharmacist).items():
        with pytest.raises(AsksWhy, match="restricted") as asks:
            opens("  ")
        assert asks.value.usual == USUAL, name
    assert looks(bench) == [], "who did not say why saw nothing"


def test_the_reason_is_kept_with_each_opening_and_not_asked_again_at_once(
    bench: Bench, restricted: DeliveryId, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = every_way(bench, restricted, bench.pharmacist)
    first, *others = ways
    ways[first](WHY)
    for name in others:
        ways[name]("")
    kept = looks(bench)
    assert len(kept) == len(ways)
    assert {(by, why) for _subject, by, why in kept} == {("Some Pharmacist", WHY)}
    with pytest.raises(AsksWhy):
        open_delivery(bench.database, restricted, bench.tech)
    open_delivery(bench.database, restricted, bench.tech, USUAL[0])
    assert looks(bench)[0] == ("delivery", "Some Technician", USUAL[0])
    for apart in (timedelta(minutes=31), timedelta(minutes=-31)):  # Later, and with the clock set back.
        monkeypatch.setattr(openings, "now_utc", lambda apart=apart: now_utc() + apart)
        with pytest.raises(AsksWhy):
            open_delivery(bench.database, restricted, bench.tech)


def test_other_records_ask_nothing_and_their_papers_are_found_at_the_patient(bench: Bench) -> None:
    delivery = bench.releases(bench.plans())
    for opens in every_way(bench, delivery, bench.pharmacist).values():
        opens("")
    assert {subject for subject, *_rest in looks(bench)} == {
        "patient", "delivery", "kit on the bench", "new delivery", "refill call",
    }  # fmt: skip
    with bench.database.reading() as session:
        entries = {row.action for row in audit_rows(session, kind=AuditKind.CHANGE, patient_id=bench.patient)}
    assert {"print manifest", "print", "print hand-over sheet"} <= entries


def test_a_list_tells_of_a_restricted_record_only_whose_it_is(bench: Bench, restricted: DeliveryId) -> None:
    with bench.database.reading() as session:
        (row,) = patients(session, "abern")
    assert (row.name, row.therapies, row.payer) == ("Abernathy, Ann", ("Restricted record",), "")


def test_two_papers_of_whom_one_is_restricted_say_so_in_words(bench: Bench, restricted: DeliveryId) -> None:
    from .conftest import make_patient

    with bench.database.reading() as session:
        doctor = patient_page(session, bench.patient).therapies[0].order.prescriber_id
    other = make_patient(bench.database, bench.pharmacist, doctor, last_name="Byrd", restricted=True)
    with pytest.raises(AsksWhy, match="2 of these records are restricted"), bench.database.transaction() as session:
        openings.tell_papers(session, "paper", [(1, bench.patient), (2, other)], bench.staff[Role.BILLER])
