"""Random weeks of three pumps against a model in plain Python, on both engines (RELIABILITY F11).

After every step: one state, one custody, the books agree; and a pump goes to a patient only when it is patient-ready.
"""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from infusion_desktop.access.audit import record
from infusion_desktop.access.people import UserId, add_first_administrator
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.equipment import checks, custody
from infusion_desktop.equipment.holding import end_hold, hold
from infusion_desktop.equipment.models import ModelFacts, edit_model
from infusion_desktop.equipment.registering import NewAsset, register
from infusion_desktop.equipment.tables import Asset
from infusion_desktop.equipment.verify import problems
from infusion_desktop.equipment.words import AssetState
from infusion_desktop.errors import Refused, Warned
from infusion_desktop.stock.catalogue import NewItem, add_item
from infusion_desktop.stock.places import add_patient_home, set_up_places
from infusion_desktop.stock.words import ItemKind, LocationId
from tests.fresh_copies import fresh_copies
from tests.promises import times

S = AssetState
PUMPS, DOCUMENTS = st.integers(0, 2), st.integers(1, 3)
IN_HOUSE = {S.RECEIVED, S.READY, S.RETURNED, S.CLEANED, S.CHECKING, S.MAINTENANCE, S.QUARANTINED}
OUT = {S.WITH_PATIENT, S.DUE_BACK}


class Pump:
    """What a careful technician with paper would know about a pump."""

    def __init__(self) -> None:
        self.state = S.RECEIVED
        self.document = 0
        self.safe = False
        """Cleaned, checked and neither faulty nor held since."""
        self.owes = False
        self.fault = False
        self.held = False
        self.due = today() + timedelta(days=300)


class Custody(RuleBasedStateMachine):
    """Three pumps, three deliveries, two homes."""

    fresh: Iterator[Database]

    @initialize(at_return=st.booleans())
    def open(self, at_return: bool) -> None:
        self.database = next(self.fresh)
        self.by = UserId(1)
        with self.database.transaction() as session:
            set_up_places(session, self.by)
            self.homes = [add_patient_home(session, f"P{n}", self.by) for n in range(3)]
        item = NewItem("PU", "Ambulatory pump", ItemKind.PUMP, serial_tracked=True)
        self.model = add_item(self.database, item, self.by)
        self.at_return = at_return
        edit_model(self.database, self.model, ModelFacts(300, 0, at_return, 24, ()), 0, self.by)
        self.ids = [register(self.database, NewAsset(self.model, f"S{n}"), self.by) for n in range(3)]
        self.pumps = [Pump() for _ in range(3)]
        for n in (0, 1):
            self.make_ready(n)

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()

    def tries(self, deed: object, fits: bool) -> bool:
        """Do it; whether it was done is what the model said."""
        try:
            deed()  # type: ignore[operator]
        except (Refused, Warned):
            assert not fits, "refused, and the model sees no reason"
            return False
        assert fits, "done, and the model sees a reason against it"
        return True

    @rule(n=PUMPS)
    def clean(self, n: int) -> None:
        pump = self.pumps[n]
        fits = pump.state in (S.RECEIVED, S.RETURNED)
        if self.tries(lambda: custody.clean(self.database, self.ids[n], self.by), fits):
            pump.state = S.CLEANED

    @rule(n=PUMPS, passes=st.booleans())
    def check(self, n: int, passes: bool) -> None:
        pump = self.pumps[n]
        fits = pump.state in (S.CLEANED, S.CHECKING, S.READY) and not pump.fault and not pump.owes
        if not passes:  # Nothing is measured on this model, so a failed check is a quarantine.
            if self.tries(
                lambda: custody.quarantine(self.database, self.ids[n], "rattles", self.by), pump.state in IN_HOUSE
            ):
                pump.state, pump.safe = S.QUARANTINED, False
            return
        if self.tries(lambda: checks.pass_check(self.database, self.ids[n], {}, self.by), fits):
            pump.state, pump.safe = S.READY, True

    @rule(n=PUMPS)
    def make_ready(self, n: int) -> None:
        """The usual morning: whatever a pump in the house needs until it is ready, so that more of them go out."""
        pump = self.pumps[n]
        if pump.state in (S.QUARANTINED, S.CHECKING):
            self.maintain(n)
        if pump.state in (S.RECEIVED, S.RETURNED):
            self.clean(n)
        if pump.state is S.CLEANED and (pump.owes or pump.fault):
            self.maintain(n)
        if pump.state is S.CLEANED:
            self.check(n, passes=True)

    @rule(n=PUMPS, document=DOCUMENTS)
    def send(self, n: int, document: int) -> None:
        """The usual day: a ready pump to a home."""
        if self.pumps[n].state is S.READY:
            self.assign(n, document, days=3)
            self.ship(document)
            self.deliver(document)

    @rule(n=PUMPS, document=DOCUMENTS)
    def recall_of_a_packed_pump(self, n: int, document: int) -> None:
        """The maker's letter comes between packing and the driver."""
        if self.pumps[n].state is S.READY:
            self.assign(n, document, days=3)
            self.recall(n)
            self.ship(document)

    @rule(n=PUMPS)
    def hurry(self, n: int) -> None:
        """Back from a home, wiped, and straight onto the tester."""
        if self.pumps[n].state in OUT:
            self.take_back(n)
            self.clean(n)
            self.check(n, passes=True)

    @rule(n=PUMPS)
    def to_the_tester(self, n: int) -> None:
        pump = self.pumps[n]
        fits = pump.state in (S.CLEANED, S.READY) and not pump.fault and not pump.owes
        if self.tries(lambda: checks.start_check(self.database, self.ids[n], self.by), fits):
            pump.state, pump.safe = S.CHECKING, False

    @rule(n=PUMPS)
    def maintain(self, n: int) -> None:
        pump = self.pumps[n]
        starts = (S.CLEANED, S.CHECKING, S.READY, S.QUARANTINED)
        if self.tries(lambda: custody.start_maintenance(self.database, self.ids[n], self.by), pump.state in starts):
            pump.state, pump.safe = S.MAINTENANCE, False
            custody.finish_maintenance(self.database, self.ids[n], self.by)
            pump.state, pump.owes, pump.fault = S.CLEANED, False, False
            pump.due = today() + timedelta(days=300)

    @rule(n=PUMPS)
    def repair(self, n: int) -> None:
        pump = self.pumps[n]
        starts = (S.CLEANED, S.CHECKING, S.READY, S.QUARANTINED, S.MAINTENANCE)
        if self.tries(lambda: custody.send_to_vendor(self.database, self.ids[n], self.by), pump.state in starts):
            custody.return_from_vendor(self.database, self.ids[n], self.by)
            pump.state, pump.safe, pump.fault = S.RECEIVED, False, False

    @rule(n=PUMPS, document=DOCUMENTS, days=st.sampled_from((3, 290, 310)))
    def assign(self, n: int, document: int, days: int) -> None:
        pump = self.pumps[n]
        through = today() + timedelta(days=days)
        fits = pump.state is S.READY and pump.safe and not pump.held and not pump.fault and pump.due > through

        def deed() -> None:
            with self.database.transaction() as session:
                custody.assign(session, self.ids[n], "delivery", document, through, self.by)

        if self.tries(deed, fits):
            pump.state, pump.document = S.RESERVED, document

    @rule(n=PUMPS)
    def let_go(self, n: int) -> None:
        pump = self.pumps[n]

        def deed() -> None:
            with self.database.transaction() as session:
                custody.let_go(session, self.ids[n], self.by)

        if self.tries(deed, pump.state is S.RESERVED):
            pump.state, pump.document = S.READY, 0

    @rule(document=DOCUMENTS)
    def ship(self, document: int) -> None:
        leaving = [p for p in self.pumps if p.state is S.RESERVED and p.document == document]

        def deed() -> None:
            with self.database.transaction() as session:
                custody.ship(session, "delivery", document, self.by)
                record(session, self.by, "ship", "delivery", document)

        if self.tries(deed, not any(p.held or p.fault for p in leaving)):
            for pump in leaving:
                assert pump.safe, "a pump left the house without a passed check"
                pump.state = S.IN_TRANSIT

    @rule(document=DOCUMENTS)
    def deliver(self, document: int) -> None:
        with self.database.transaction() as session:
            home = LocationId(self.homes[document - 1])
            custody.deliver(session, "delivery", document, home, self.by)
            record(session, self.by, "deliver", "delivery", document)
        for pump in self.pumps:
            if pump.state is S.IN_TRANSIT and pump.document == document:
                pump.state = S.WITH_PATIENT

    @rule(n=PUMPS, faulty=st.booleans())
    def call_back(self, n: int, faulty: bool) -> None:
        pump = self.pumps[n]

        def deed() -> None:
            with self.database.transaction() as session:
                custody.call_back(session, self.ids[n], today(), self.by)
                if faulty:
                    custody.report_fault(session, self.ids[n], "occlusion alarm")

        if self.tries(deed, pump.state is S.WITH_PATIENT):
            pump.state = S.DUE_BACK
            pump.fault = pump.fault or faulty

    @rule(n=PUMPS)
    def take_back(self, n: int) -> None:
        pump = self.pumps[n]
        if self.tries(lambda: custody.take_back(self.database, self.ids[n], self.by), pump.state in OUT):
            pump.state, pump.safe, pump.document = S.RETURNED, False, 0
            pump.owes = pump.owes or self.at_return

    @rule(n=PUMPS)
    def come_back_with_its_kit(self, n: int) -> None:
        pump = self.pumps[n]
        if pump.state is S.IN_TRANSIT:
            with self.database.transaction() as session:
                custody.bring_back(session, self.ids[n], self.by)
            pump.state, pump.safe, pump.document = S.RETURNED, False, 0

    @rule(n=PUMPS)
    def lose_and_find(self, n: int) -> None:
        pump = self.pumps[n]
        fits = pump.state in {*OUT, *IN_HOUSE, S.REPAIR}
        if self.tries(lambda: custody.report_lost(self.database, self.ids[n], "gone", self.by), fits):
            custody.report_found(self.database, self.ids[n], self.by)
            pump.state, pump.safe, pump.document = S.RETURNED, False, 0

    @rule(n=PUMPS)
    def release(self, n: int) -> None:
        pump = self.pumps[n]
        fits = pump.state is S.QUARANTINED
        if self.tries(lambda: custody.release(self.database, self.ids[n], self.by), fits):
            pump.state = S.RETURNED

    @rule(n=PUMPS)
    def recall(self, n: int) -> None:
        pump = self.pumps[n]
        if pump.held:
            end_hold(self.database, self.ids[n], "not affected", self.by, was="recall 1")
        else:
            hold(self.database, self.model, [f"S{n}"], "recall 1", self.by)
        pump.held = not pump.held

    @invariant()
    def one_state_one_custody(self) -> None:
        if not hasattr(self, "database"):
            return
        with self.database.reading() as session:
            assert problems(session) == ()
            rows = session.execute(select(Asset.state, Asset.location_id, Asset.document_id).order_by(Asset.id)).all()
        for pump, row in zip(self.pumps, rows, strict=True):
            assert row.state is pump.state
            if pump.state in OUT:
                assert row.location_id == self.homes[pump.document - 1]


_WEEKS = int(os.environ.get("CUSTODY_WEEKS", times(8, 200)))


def run(fresh: Iterator[Database], weeks: int) -> None:
    class Here(Custody):
        pass

    Here.fresh = fresh
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Here,
        settings=settings(
            max_examples=weeks,
            stateful_step_count=40,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_random_weeks_on_sqlite(sqlite_database: Database, tmp_path: Path) -> None:
    add_first_administrator(sqlite_database, "admin", "Ada Min", "correct horse battery")
    run(fresh_copies(sqlite_database, tmp_path), _WEEKS)


def test_random_weeks_on_postgresql(postgresql_database: Database, tmp_path: Path) -> None:
    add_first_administrator(postgresql_database, "admin", "Ada Min", "correct horse battery")
    run(fresh_copies(postgresql_database, tmp_path), max(3, _WEEKS // 4))


def test_the_model_knows_every_state() -> None:
    assert {*IN_HOUSE, *OUT, S.RESERVED, S.IN_TRANSIT, S.REPAIR, S.LOST, S.RETIRED} == set(AssetState)
