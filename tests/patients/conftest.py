"""A pharmacy that can admit: its places, a payer, a prescriber, and an intake form to vary."""

from datetime import date

import pytest

from infusion_desktop.access.roles import Role, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.patients.admitting import Admission, Checklist
from infusion_desktop.patients.coverage import NewCoverage
from infusion_desktop.patients.demographics import Demographics
from infusion_desktop.patients.devices import NewDevice
from infusion_desktop.patients.payers import NewPayer, add_payer
from infusion_desktop.patients.prescribers import NewPrescriber, add_prescriber
from infusion_desktop.patients.therapies import NewTherapy
from infusion_desktop.patients.words import AccessKind, Method, PayerKind, Route, Sex, TherapyClass
from infusion_desktop.stock.places import set_up_places

STARTS = date(2026, 3, 2)
ANN = Demographics(
    "Łukasik", "Ann", date(1961, 5, 4), Sex.FEMALE, "503-555-0123", "12 Elm Avenue", "Portland", "or", "97205"
)


@pytest.fixture
def intake(database: Database, staff: dict[Role, UserId]) -> Admission:
    """The intake form of a patient with cefazolin through a PICC for two weeks."""
    with database.transaction() as session:
        set_up_places(session, staff[Role.ADMINISTRATOR])
    payer = add_payer(database, NewPayer("Cascadia Health Plan", "CHP01", PayerKind.COMMERCIAL), staff[Role.BILLER])
    prescriber = add_prescriber(
        database, NewPrescriber("Hartmann", "Lena", "1234567893", credentials="MD"), staff[Role.COORDINATOR]
    )
    order = NewTherapy(
        TherapyClass.ANTI_INFECTIVE,
        "cefazolin 2 g",
        Route.INTRAVENOUS,
        Method.AMBULATORY_PUMP,
        8,
        STARTS,
        prescriber,
        STARTS,
        stops_on=date(2026, 3, 15),
    )
    return Admission(
        ANN,
        STARTS,
        coverages=(NewCoverage(payer, "W123", date(2026, 1, 1)),),
        checklist=Checklist(True, True, True, True, True),
        diagnoses=("m86171", "Z45.2"),
        device=NewDevice(AccessKind.PICC, 2, "left arm", date(2026, 2, 27)),
        order=order,
    )
