"""Several workstations want one pump, on PostgreSQL and from processes of their own (RELIABILITY B3): one gets it.

The same when one pump that failed at home is exchanged from all of them, and all want the one that is left for it.

A full run makes as many as the promise names; the usual run does some.
"""

import multiprocessing
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.synchronize import Barrier
from typing import Any

from sqlalchemy import func, select

from infusion_desktop.access.audit import first_broken_entry
from infusion_desktop.access.people import UserId, add_first_administrator
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.dates import Days, today
from infusion_desktop.deliveries.bench.picking import scan_pick
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.plans.planning import plan_items
from infusion_desktop.deliveries.pumps.swapping import NewSwap, order_swap, swap_rows
from infusion_desktop.equipment import custody
from infusion_desktop.equipment.booking import NewBooking, book
from infusion_desktop.equipment.registering import NewAsset, register
from infusion_desktop.equipment.tables import Asset, AssetEvent, AssetSwap
from infusion_desktop.equipment.verify import problems
from infusion_desktop.equipment.words import AssetDeed, AssetId, AssetState
from infusion_desktop.errors import Refused, Stale
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.patients.prescribers import NewPrescriber, add_prescriber
from infusion_desktop.patients.queries import therapies_of
from infusion_desktop.patients.tables import Patient
from infusion_desktop.patients.words import PatientId
from infusion_desktop.stock.catalogue import NewItem, add_item
from infusion_desktop.stock.places import set_up_places
from infusion_desktop.stock.words import ItemKind, LocationId
from tests.deliveries.conftest import make_patient
from tests.promises import times

RACES = times(20, 200)
SWAPS = max(5, RACES // 4)
WORKSTATIONS = 4
THROUGH = today() + timedelta(days=7)
GOOD = {"Flow accuracy": "1", "Occlusion alarm": "12", "Battery": "95"}


def race(address: str, number: int, pumps: list[AssetId], patient: int, barrier: Barrier, answers: "Answers") -> None:
    """One workstation: for each pump it wants it for a delivery of its own; every fourth time for a future day."""
    database = open_pharmacy(Place.of(address), f"bench-{number}")
    got = []
    for turn, pump in enumerate(pumps):
        barrier.wait()
        try:
            if number == turn % WORKSTATIONS:
                book(database, pump, NewBooking(patient, THROUGH), UserId(1))
            else:
                with database.transaction() as session:
                    custody.assign(session, pump, "delivery", 100 * turn + number, THROUGH, UserId(1))
            got.append(turn)
        except (Refused, Stale):
            pass
    answers.put(got)
    database.close()


def exchange(
    address: str, number: int, faulty: list[AssetId], spare: list[str], barrier: Barrier, answers: "Answers"
) -> None:
    """One workstation: each pump that failed is exchanged; what it ordered takes the one pump that is left for it."""
    database = open_pharmacy(Place.of(address), f"bench-{number}")
    got: list[tuple[str, int]] = []
    for turn, old in enumerate(faulty):
        barrier.wait()
        try:
            ordered = order_swap(database, NewSwap(old, f"alarm {number}", today()), UserId(1))
            got.append(("ordered", turn))
        except (Refused, Stale):
            ordered = None
        barrier.wait()
        with database.reading() as session:
            delivery = swap_rows(session)[0].delivery_id
        if ordered is not None:
            release(database, delivery, UserId(1))
        barrier.wait()
        try:
            if scan_pick(database, delivery, f"AST:{spare[turn]}", UserId(1)).right:
                got.append(("picked", turn))
        except (Refused, Stale):
            pass
    answers.put(got)
    database.close()


Answers = multiprocessing.Queue  # type: ignore[type-arg]


def ready_pumps(database: Database, count: int) -> tuple[UserId, int, list[AssetId]]:
    """A person, a patient, and so many pumps on the shelf."""
    by = add_first_administrator(database, "admin", "Ada Min", "correct horse battery")
    with database.transaction() as session:
        set_up_places(session, by)
    model = add_item(database, NewItem("PU", "Ambulatory pump", ItemKind.PUMP, hcpcs="E0781", serial_tracked=True), by)
    patient = make_patient(database, by, add_prescriber(database, NewPrescriber("Hartmann", "Lena", "1234567893"), by))
    pumps = [register(database, NewAsset(model, f"S{n}", f"P{n}"), by) for n in range(count)]
    for pump in pumps:
        custody.clean(database, pump, by)
        custody.pass_check(database, pump, GOOD, by)
    return by, patient, pumps


def from_all(database: Database, work: Callable[..., None], *facts: object) -> list[Any]:
    """What all workstations answer, each a process of its own that begins each turn with the others."""
    address = database.place.url.render_as_string(hide_password=False)
    started = multiprocessing.get_context("spawn")
    barrier, answers = started.Barrier(WORKSTATIONS), started.Queue()
    stations = [started.Process(target=work, args=(address, n, *facts, barrier, answers)) for n in range(WORKSTATIONS)]
    for station in stations:
        station.start()
    found = [answers.get(timeout=600) for _ in stations]
    for station in stations:
        station.join(600)
        assert station.exitcode == 0
    return found


def test_one_pump_goes_to_one_of_four_workstations(postgresql_database: Database) -> None:
    database = postgresql_database
    _by, patient, pumps = ready_pumps(database, RACES)
    won = from_all(database, race, pumps, patient)
    assert sorted(turn for each in won for turn in each) == list(range(RACES)), "a pump went to two, or to nobody"
    with database.reading() as session:
        reserved = select(func.count()).select_from(AssetEvent).where(AssetEvent.deed == AssetDeed.RESERVE)
        assert session.scalar(reserved) == RACES
        assert set(session.scalars(select(Asset.state))) == {AssetState.RESERVED}
        assert problems(session) == ()
        assert first_broken_entry(session) is None


def test_one_pump_is_exchanged_once_and_the_one_left_for_it_goes_to_one(postgresql_database: Database) -> None:
    database = postgresql_database
    by, patient, pumps = ready_pumps(database, 2 * SWAPS)
    faulty, spare = pumps[:SWAPS], [f"P{n}" for n in range(SWAPS, 2 * SWAPS)]
    with database.reading() as session:
        [therapy] = therapies_of(session, PatientId(patient))
    for pump in faulty:
        delivery = plan_items(
            database, PatientId(patient), Days(today(), THROUGH), today(), (), by, therapy_id=therapy.id,
            equipment=("ambulatory pump",),
        )  # fmt: skip
        with database.transaction() as session:
            home = session.scalars(select(Patient.home_id)).one()
            custody.assign(session, pump, "delivery", delivery, THROUGH, by)
            custody.ship(session, "delivery", delivery, by)
            custody.deliver(session, "delivery", delivery, LocationId(home), by)
    done = [each for found in from_all(database, exchange, faulty, spare) for each in found]
    for what in ("ordered", "picked"):
        assert sorted(turn for said, turn in done if said == what) == list(range(SWAPS)), f"{what} twice, or never"
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(AssetSwap)) == SWAPS
        assert problems(session) == ()
        assert first_broken_entry(session) is None
