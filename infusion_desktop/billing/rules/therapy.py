"""What the per-diem engine is told about one patient: therapies, interruptions, prices, authorizations."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

from infusion_desktop.dates import Days
from infusion_desktop.errors import Refused
from infusion_desktop.values import value


@dataclass(frozen=True, slots=True)
class Infusion:
    """One infusion or dose as given; local wall-clock time, ``ends_at`` None when the end was not written down."""

    starts_at: datetime
    ends_at: datetime | None = None


@value
class TherapyCourse:
    """One therapy as ordered, from the first day through the day of permanent discontinuation (None: goes on).

    Courses with the same ``therapy_id`` are versions of one order: on a day both touch only the later one counts. An
    order that was changed began with its first version, on ``ordered_on`` (None: on the start), and where a newer
    version ``goes_on`` the stop is no discontinuation.
    ``infusions`` None means that the ordered schedule (start hour, interval) stands for what was given; an empty tuple
    means that nothing was given. ``family`` is the therapy class the pharmacist confirmed, as in the code table.
    """

    id: int
    family: str
    start_on: date
    stop_on: date | None = None
    therapy_id: int | None = None
    ordered_on: date | None = None
    goes_on: bool = False
    name: str = ""
    drug: str = ""
    interval_hours: Decimal | int | None = None
    bag_change_hours: Decimal | int | None = None
    run_hours: Decimal | int | None = None
    start_hour: int = 0
    litres_per_day: Decimal | None = None
    lipid_litres_per_day: Decimal | None = None
    overfill_litres_per_day: Decimal | None = None
    lumens: int | None = None
    method: str = ""
    device: str = ""
    device_in_use: bool | None = None
    by_injection: bool | None = None
    infusions: tuple[Infusion, ...] | None = None
    nursing_days: frozenset[date] = frozenset()
    dispensed_on: tuple[date, ...] = ()
    suite_days: frozenset[date] = frozenset()
    manual_code: str = ""
    manual_rank: int | None = None
    rate_key: str = ""
    extra_modifiers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.stop_on is not None and self.stop_on < self.start_on:
            raise Refused(f"{self.label} stops before it starts. Correct the therapy's days.")
        if self.interval_hours is not None and self.interval_hours <= 0:
            raise Refused(f"{self.label} has no dosing interval above zero. Correct the therapy's interval.")

    @property
    def label(self) -> str:
        """The therapy as a biller knows it."""
        return self.name or self.drug or self.family.replace("_", " ") or f"therapy {self.id}"

    @property
    def begun_on(self) -> date:
        """The first day of the order, under its first version."""
        return self.start_on if self.ordered_on is None else self.ordered_on

    @property
    def order(self) -> int:
        """The order this course is a version of."""
        return self.id if self.therapy_id is None else self.therapy_id


class InterruptionKind(Enum):
    """Why a therapy paused without ending."""

    HOSPITAL = "hospital"
    HOLD = "hold"
    OTHER = "other"


@value
class Interruption:
    """Days taken out of the calendar: a hospital stay (admit and discharge day), a hold, or another pause.

    Both ends belong to it; ``last_on`` None means that it goes on. ``course_id`` None concerns every therapy.
    """

    kind: InterruptionKind
    first_on: date
    last_on: date | None = None
    course_id: int | None = None

    def __post_init__(self) -> None:
        if self.last_on is not None and self.last_on < self.first_on:
            raise Refused(f"A {self.kind.value} interruption ends before it begins. Correct its days.")


class RateBasis(Enum):
    """What one unit of a contracted rate pays for."""

    PER_DIEM = "PER_DIEM"
    PER_DOSE = "PER_DOSE"
    PER_INFUSION = "PER_INFUSION"
    PER_DISPENSE = "PER_DISPENSE"

    def __init__(self, name: str) -> None:
        self.words = name.replace("_", " ").lower()
        """The basis as people read it."""


@dataclass(frozen=True, slots=True)
class Fee:
    """One contracted price: a code (with modifiers, if the contract names them) on effective days, both ends included.

    ``rate_key`` narrows it to one drug or agreement (S9379 is often priced by drug). ``charge`` is what the pharmacy
    bills; None bills the rate. A fee that names a concurrency modifier is the price: no percent is applied to it.
    ``category`` is Medicare's payment category where the fee schedule names one (CR is a capped rental).
    """

    code: str
    rate: Decimal
    first_on: date = date.min
    last_on: date | None = None
    modifiers: tuple[str, ...] = ()
    basis: RateBasis = RateBasis.PER_DIEM
    rate_key: str = ""
    charge: Decimal | None = None
    category: str = ""


@dataclass(frozen=True)
class FeeSchedule:
    """All prices of one contract, found by code and basis."""

    fees: tuple[Fee, ...] = ()
    by_code: Mapping[tuple[str, str], tuple[Fee, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found: dict[tuple[str, str], list[Fee]] = {}
        for fee in sorted(self.fees, key=_most_specific_first):
            found.setdefault((fee.code, fee.basis.words), []).append(fee)
        object.__setattr__(self, "by_code", {key: tuple(fees) for key, fees in found.items()})

    def candidates(self, code: str, basis: RateBasis) -> tuple[Fee, ...]:
        """The code's prices on this basis, the most specific and newest first."""
        return self.by_code.get((code, basis.words), ())

    def price_on(
        self,
        day: date,
        code: str,
        modifiers: Iterable[str] = (),
        rate_key: str = "",
        basis: RateBasis = RateBasis.PER_DIEM,
    ) -> Fee | None:
        """The fee that prices this code with these modifiers on a day, or None when the contract has none."""
        worn = set(modifiers)
        for fee in self.candidates(code, basis):
            if fee.rate_key in ("", rate_key) and worn.issuperset(fee.modifiers) and is_effective(fee, day):
                return fee
        return None


def is_effective(fee: Fee, day: date) -> bool:
    """Whether the price holds on that day."""
    return fee.first_on <= day and (fee.last_on is None or day <= fee.last_on)


def _most_specific_first(fee: Fee) -> tuple[object, ...]:
    return (fee.rate_key == "", -len(fee.modifiers), -fee.first_on.toordinal(), fee.modifiers, fee.rate_key, fee.rate)


@value
class Authorization:
    """A payer's permission for units (days) of a code; ``units`` None is without a limit, "" codes any code.

    ``modifiers`` empty covers the code with any modifier. ``used`` are the units that earlier claims took.
    """

    number: str
    code: str
    days: Days
    units: int | None = None
    used: int = 0
    modifiers: tuple[str, ...] = ()
    therapy_id: int | None = None

    @property
    def left(self) -> int | None:
        """Units not used yet; None when there is no limit."""
        return None if self.units is None else max(0, self.units - self.used)
