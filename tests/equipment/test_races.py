"""Several workstations want one pump, on PostgreSQL and from processes of their own (RELIABILITY B3): one gets it.

`EQUIPMENT_RACES=200` runs as many as the promise names; the usual run does some.
"""

import multiprocessing
import os
from datetime import timedelta
from multiprocessing.synchronize import Barrier

from sqlalchemy import func, select

from infusion_desktop.access.audit import first_broken_entry
from infusion_desktop.access.people import UserId, add_first_administrator
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.dates import today
from infusion_desktop.equipment import custody
from infusion_desktop.equipment.booking import NewBooking, book
from infusion_desktop.equipment.registering import NewAsset, register
from infusion_desktop.equipment.tables import Asset, AssetEvent
from infusion_desktop.equipment.verify import problems
from infusion_desktop.equipment.words import AssetDeed, AssetId, AssetState
from infusion_desktop.errors import Refused, Stale
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.patients.prescribers import NewPrescriber, add_prescriber
from infusion_desktop.stock.catalogue import NewItem, add_item
from infusion_desktop.stock.places import set_up_places
from infusion_desktop.stock.words import ItemKind
from tests.deliveries.conftest import make_patient

RACES = int(os.environ.get("EQUIPMENT_RACES", "20"))
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


Answers = multiprocessing.Queue  # type: ignore[type-arg]


def test_one_pump_goes_to_one_of_four_workstations(postgresql_database: Database) -> None:
    database = postgresql_database
    by = add_first_administrator(database, "admin", "Ada Min", "correct horse battery")
    with database.transaction() as session:
        set_up_places(session, by)
    model = add_item(database, NewItem("PU", "Ambulatory pump", ItemKind.PUMP, serial_tracked=True), by)
    patient = make_patient(database, by, add_prescriber(database, NewPrescriber("Hartmann", "Lena", "1234567893"), by))
    pumps = [register(database, NewAsset(model, f"S{n}"), by) for n in range(RACES)]
    for pump in pumps:
        custody.clean(database, pump, by)
        custody.pass_check(database, pump, GOOD, by)
    address = database.place.url.render_as_string(hide_password=False)
    started = multiprocessing.get_context("spawn")
    barrier, answers = started.Barrier(WORKSTATIONS), started.Queue()
    stations = [
        started.Process(target=race, args=(address, n, pumps, patient, barrier, answers)) for n in range(WORKSTATIONS)
    ]
    for station in stations:
        station.start()
    won = [answers.get(timeout=120) for _ in stations]
    for station in stations:
        station.join(30)
        assert station.exitcode == 0
    assert sorted(turn for each in won for turn in each) == list(range(RACES)), "a pump went to two, or to nobody"
    with database.reading() as session:
        reserved = select(func.count()).select_from(AssetEvent).where(AssetEvent.deed == AssetDeed.RESERVE)
        assert session.scalar(reserved) == RACES
        assert set(session.scalars(select(Asset.state))) == {AssetState.RESERVED}
        assert problems(session) == ()
        assert first_broken_entry(session) is None
