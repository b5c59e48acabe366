"""A small pharmacy with a patient, a payer and what was delivered, as rows of a real database."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert

from infusion_desktop.access.audit import record
from infusion_desktop.access.pharmacy import Profile, save_profile
from infusion_desktop.access.roles import Role, UserId
from infusion_desktop.billing.terms.contracts import add_rules, starter
from infusion_desktop.billing.terms.fees import NewFee, add_fee
from infusion_desktop.database.engine import Database
from infusion_desktop.deliveries.tables import Delivery, DeliveryLine, DeliveryLot, ProofOfDelivery
from infusion_desktop.deliveries.words import Carrier, DeliveryState
from infusion_desktop.patients.tables import Coverage, Episode, Interruption, Patient, Payer, Prescriber, Therapy
from infusion_desktop.patients.words import (
    InterruptionKind,
    Method,
    PatientId,
    PayerId,
    PayerKind,
    Rank,
    Relation,
    Route,
    Sex,
    TherapyClass,
)
from infusion_desktop.stock.tables import Item, Location, Lot
from infusion_desktop.stock.words import BillingClass, ItemKind, LocationKind, Storage

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, 0, tzinfo=UTC)


@dataclass
class Office:
    """A biller's pharmacy: says what happened; each sentence becomes rows."""

    database: Database
    biller: UserId
    payer: PayerId
    patient: PatientId
    home: int
    episode: int
    prescriber: int
    deliveries: int = 0

    def _add(self, table: Any, **values: Any) -> int:
        with self.database.transaction() as session:
            added = session.execute(insert(table).values(**values).returning(table.id)).scalar_one()
            record(session, self.biller, "set up", "test", added)
        return int(added)

    def rules(self, key: str = "commercial_access", payer: PayerId | None = None) -> int:
        return add_rules(self.database, payer or self.payer, starter(key).rules, date(2026, 1, 1), self.biller)

    def fee(self, code: str, rate: str, charge: str = "", **more: Any) -> None:
        fee = NewFee(code, Decimal(rate), Decimal(charge or rate), date(2026, 1, 1), **more)
        add_fee(self.database, self.payer, fee, self.biller)

    def orders(self, drug: str, first: date, last: date | None, **more: Any) -> int:
        values = {
            "therapy_class": TherapyClass.ANTI_INFECTIVE, "interval_hours": 24, "route": Route.INTRAVENOUS,
            "method": Method.ELASTOMERIC, "run_hours": Decimal(1),
        } | more  # fmt: skip
        return self._add(
            Therapy, episode_id=self.episode, patient_id=self.patient, drug=drug, starts_on=first, stops_on=last,
            prescriber_id=self.prescriber, ordered_on=first, version=1, **values,
        )  # fmt: skip

    def next_patient(self, payer: str) -> None:
        """Another patient, of another payer: what is said from now on is about them."""
        self.payer = PayerId(self._add(Payer, name=payer, payer_code="", kind=PayerKind.SELF_PAY, version=1))
        number = self.payer
        self.home = self._add(Location, code=f"HOME-P{number}", name="home", kind=LocationKind.PATIENT_HOME, version=1)
        self.patient = PatientId(
            self._add(
                Patient, number=f"P{number:06d}", last_name="Reed", first_name="Bo", born_on=date(1970, 5, 1),
                sex=Sex.MALE, phone="5035550112", street="6 Oak St", city="Portland", state="OR", zip="972010002",
                home_id=self.home, created_at=NOON, version=1,
            )
        )  # fmt: skip
        self._add(
            Coverage, patient_id=self.patient, payer_id=self.payer, rank=Rank.PRIMARY, member_id="",
            relation=Relation.SELF, starts_on=date(2026, 1, 1), version=1,
        )  # fmt: skip
        self.episode = self._add(
            Episode, patient_id=self.patient, admitted_on=date(2026, 3, 1), diagnoses="L03115", version=1
        )

    def hospital(self, first: date, last: date) -> int:
        return self._add(
            Interruption, patient_id=self.patient, kind=InterruptionKind.HOSPITAL, first_on=first, last_on=last,
            recorded_at=NOON, version=1,
        )  # fmt: skip

    def item(self, name: str, hcpcs: str, **more: Any) -> int:
        values = {
            "kind": ItemKind.DRUG, "billing_class": BillingClass.DRUG, "storage": Storage.ROOM,
            "ndc": "00781320985", "ndc_unit": "UN",
        } | more  # fmt: skip
        return self._add(Item, number=name.upper().replace(" ", "-"), name=name, hcpcs=hcpcs, version=1, **values)

    def delivers(
        self, first: date, last: date, goods: dict[int, int] | None = None, *, signed: bool = True,
        therapy: int | None = None, sheet: bytes | None = None,
    ) -> int:  # fmt: skip
        self.deliveries += 1
        number = f"D{self.deliveries:06d}"
        delivery = self._add(
            Delivery, number=number, patient_id=self.patient, therapy_id=therapy, state=DeliveryState.DELIVERED,
            period_first=first, period_last=last, scheduled_on=first, carrier=Carrier.OWN_DRIVER,
            shipped_at=noon(first), delivered_at=noon(first), version=1,
        )  # fmt: skip
        for position, (item, quantity) in enumerate((goods or {}).items()):
            line = self._add(
                DeliveryLine, delivery_id=delivery, item_id=item, position=position, needed=quantity, to_send=quantity
            )
            lot = self._add(Lot, item_id=item, number=f"L{line}", version=1)
            self._add(
                DeliveryLot, delivery_id=delivery, line_id=line, lot_id=lot, location_id=self.home, quantity=quantity
            )
        if signed:
            self._add(
                ProofOfDelivery, delivery_id=delivery, received_by="Ann", relation="self", received_at=noon(first),
                signed_on=first, recorded_at=noon(first), staff_id=self.biller, attachment=sheet,
            )  # fmt: skip
        return delivery


@pytest.fixture
def office(database: Database, staff: dict[Role, UserId]) -> Office:
    """One insured patient with an open episode, and a payer without rules or prices yet."""
    save_profile(
        database,
        Profile(
            "Northside Home Infusion", "12 Mill Road", "Portland", "OR", "972010001", "5035550123", "1234567893",
            "411234567",
        ),
        staff[Role.ADMINISTRATOR],
    )  # fmt: skip
    office = Office(database, staff[Role.BILLER], PayerId(0), PatientId(0), 0, 0, 0)
    office.payer = PayerId(
        office._add(
            Payer, name="Prairie Health", payer_code="PRH01", kind=PayerKind.COMMERCIAL, street="1 Main St",
            city="Portland", state="OR", zip="972010001", version=1,
        )
    )  # fmt: skip
    office.home = office._add(Location, code="HOME-P1", name="home", kind=LocationKind.PATIENT_HOME, version=1)
    office.patient = PatientId(
        office._add(
            Patient, number="P000001", last_name="Quill", first_name="Ann", born_on=date(1960, 5, 1), sex=Sex.FEMALE,
            phone="5035550111", street="5 Oak St", city="Portland", state="OR", zip="972010002", home_id=office.home,
            created_at=NOON, version=1,
        )
    )  # fmt: skip
    office._add(
        Coverage, patient_id=office.patient, payer_id=office.payer, rank=Rank.PRIMARY, member_id="M12345",
        relation=Relation.SELF, starts_on=date(2026, 1, 1), version=1,
    )  # fmt: skip
    office.prescriber = office._add(Prescriber, last_name="Welby", first_name="Marcus", npi="1234567893", version=1)
    office.episode = office._add(
        Episode, patient_id=office.patient, admitted_on=date(2026, 3, 1), diagnoses="L03115 Z452", version=1
    )
    return office
