"""What a patient's days ahead should bring: the per diem that the contract pays, beside what the kit costs."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from infusion_desktop.billing.months.counting import count_month
from infusion_desktop.billing.words import LineKind
from infusion_desktop.dates import ONE_DAY, Days
from infusion_desktop.errors import Refused
from infusion_desktop.money import ZERO, to_cents
from infusion_desktop.patients.words import PatientId


@dataclass(frozen=True, slots=True)
class ExpectedPerDiem:
    """The per diem of some days as the contract pays it; ``why_not`` says why it is not known."""

    amount: Decimal
    days: Decimal
    codes: tuple[str, ...]
    why_not: str = ""


def expected_per_diem(session: Session, patient_id: PatientId, period: Days) -> ExpectedPerDiem:
    """What the primary payer should pay for the therapy days of a period, by the rules that hold today."""
    days = period if len(period) > 1 else Days(period.first, period.first + ONE_DAY)  # One day stands for its month.
    try:
        counted = count_month(session, patient_id, days)
    except Refused as no:
        return ExpectedPerDiem(ZERO, Decimal(0), (), no.reasons[0])
    amount, units, codes = ZERO, Decimal(0), dict[str, None]()
    for line in counted.lines:
        inside = sum(day in period for day in line.dates) if line.kind is LineKind.PER_DIEM else 0
        if inside:
            amount += line.expected * inside / len(line.dates)
            units += line.units * inside / len(line.dates)
            codes[line.code] = None
    return ExpectedPerDiem(to_cents(amount), units, tuple(codes))
