"""The code table as the rules use it, and the choice of the code that describes a therapy most closely."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from infusion_desktop.billing.rules.rule_set import LongInterval, PumpInterval, RuleSet, TierPolicy
from infusion_desktop.billing.rules.therapy import TherapyCourse
from infusion_desktop.dates import Days
from infusion_desktop.values import value

ANY_PER_DIEM = "ANY_PER_DIEM"
ANY_INFUSION_PER_DIEM = "ANY_INFUSION_PER_DIEM"
INFUSION_NOC = "S9379"
INJECTION_NOC = "S9542"


@dataclass(frozen=True, slots=True)
class Code:
    """One HCPCS (or CPT) code in our own words, with what a therapy must be for it to fit.

    Litres are open below and closed above, run hours closed below and open above, as the descriptors read. None or ""
    asks nothing. ``facts`` are further notes (needs a pump, narrative, most units) that claims and screens read.
    """

    code: str
    description: str
    family: str
    per_diem: bool = False
    unit: str = "day"
    generic: bool = False
    injection: bool | None = None
    method: str = ""
    interval_hours: Decimal | None = None
    litres_over: Decimal | None = None
    litres_up_to: Decimal | None = None
    run_hours_from: Decimal | None = None
    run_hours_below: Decimal | None = None
    continuous: bool = False
    lumens_from: int | None = None
    lumens_to: int | None = None
    device: str = ""
    device_in_use: bool | None = None
    not_otherwise_classified: bool = False
    only_uncovered_days: bool = False
    not_with: frozenset[str] = frozenset()
    modifiers: tuple[str, ...] = ()
    billing_class: str = "none"
    facts: Mapping[str, str] = field(default_factory=dict, hash=False)
    first_on: date | None = None
    last_on: date | None = None
    confirmed: bool = False
    sources: tuple[str, ...] = ()

    def is_effective(self, day: date) -> bool:
        """Whether the code may be used on that day; unknown ends are open."""
        return (self.first_on is None or self.first_on <= day) and (self.last_on is None or day <= self.last_on)

    def changes_in(self, period: Days) -> bool:
        """Whether it begins or ends inside the period."""
        begins = self.first_on is not None and period.first < self.first_on <= period.last
        return begins or (self.last_on is not None and period.first <= self.last_on < period.last)


@dataclass(frozen=True)
class CodeTable:
    """All codes, found by code and, for per diems, by therapy family."""

    codes: tuple[Code, ...]
    by_code: Mapping[str, Code] = field(init=False, repr=False, compare=False)
    by_family: Mapping[str, tuple[Code, ...]] = field(init=False, repr=False, compare=False)
    chosen: dict[tuple[object, ...], "CodeChoice | None"] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    """What `choose_code` found before: months ask it the same again and again."""
    _changing: dict[Days, frozenset[str]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        families: dict[str, list[Code]] = {}
        for each in sorted(self.codes, key=lambda code: code.code):
            if each.per_diem and not each.not_otherwise_classified:
                families.setdefault(each.family, []).append(each)
        object.__setattr__(self, "by_code", {each.code: each for each in self.codes})
        object.__setattr__(self, "by_family", {family: tuple(codes) for family, codes in families.items()})

    def with_fact(self, fact: str) -> tuple[str, ...]:
        """The codes of which something is known, in their order."""
        return tuple(sorted(each.code for each in self.codes if fact in each.facts))

    def changing(self, period: Days) -> frozenset[str]:
        """The families of which a code begins or ends inside the period."""
        found = self._changing.get(period)
        if found is None:
            found = self._changing[period] = frozenset([
                family for family, codes in self.by_family.items() if any(code.changes_in(period) for code in codes)
            ])  # fmt: skip
        return found

    def find(self, code: str) -> Code | None:
        """The code's row, or None when the table does not know it."""
        return self.by_code.get(code)


@value
class CodeChoice:
    """The chosen code and why; ``note`` is something the biller should look at, "" when there is nothing."""

    code: str
    reason: str
    note: str = ""
    catheter_care: bool = False
    row: Code | None = None


def choose_code(course: TherapyCourse, day: date, rules: RuleSet, table: CodeTable) -> CodeChoice:
    """The per-diem code for a therapy on a day: set by hand, most specific, general, at last not otherwise classified.

    S9379 and S9542 are used only when no code of the family fits (NHIA: use the most specific code).
    """
    if course.manual_code:
        return _manual(course, table)
    asked = (
        course.family, day, rules.tiers_for(course.family) is TierPolicy.GENERIC, interval_for_code(course, rules),
        litres_for_code(course, rules), course.run_hours, course.method, course.by_injection, course.lumens,
        course.device, course.device_in_use,
    )  # fmt: skip
    found = table.chosen.get(asked)
    if found is None and asked not in table.chosen:
        found = table.chosen[asked] = _of_family(course, day, rules, table)
    return found or _not_otherwise_classified(course, table)


def _of_family(course: TherapyCourse, day: date, rules: RuleSet, table: CodeTable) -> CodeChoice | None:
    siblings = [code for code in table.by_family.get(course.family, ()) if code.is_effective(day)]
    general = next((code for code in siblings if code.generic), None)
    if general is not None and rules.tiers_for(course.family) is TierPolicy.GENERIC:
        return _choice(general, f"{general.code} because the contract bills this family by its general code")
    best, fits = None, -1
    for code in siblings:
        if not code.generic and (score := how_well(code, course, rules)) > fits:
            best, fits = code, score
    if best is not None:
        return _choice(best, f"{best.code} is the most specific code that fits ({best.description})")
    if general is not None and course.by_injection is not True:
        return _choice(
            general, f"{general.code} because no more specific code of the family fits ({general.description})"
        )
    return None


def how_well(code: Code, course: TherapyCourse, rules: RuleSet) -> int:
    """How many of the code's demands the therapy is known to meet (a device counts twice); -1 when it misses one."""
    score = 0
    if code.injection is not None and course.by_injection is not None:
        if code.injection is not course.by_injection:
            return -1
        score += 1
    if code.method:
        if code.method != course.method:
            return -1
        score += 1
    if code.interval_hours is not None:
        if interval_for_code(course, rules) != code.interval_hours:
            return -1
        score += 1
    if code.litres_over is not None or code.litres_up_to is not None:
        if not _within(litres_for_code(course, rules), code.litres_over, code.litres_up_to):
            return -1
        score += 1
    if code.continuous:
        if course.run_hours is not None and course.run_hours < 24:
            return -1
        score += 1
    return _by_run_and_device(code, course, score)


def _by_run_and_device(code: Code, course: TherapyCourse, score: int) -> int:
    if code.run_hours_from is not None or code.run_hours_below is not None:
        if course.run_hours is None:
            return -1
        if code.run_hours_from is not None and course.run_hours < code.run_hours_from:
            return -1
        if code.run_hours_below is not None and course.run_hours >= code.run_hours_below:
            return -1
        score += 1
    if code.lumens_from is not None or code.lumens_to is not None:
        if course.lumens is None or course.lumens < (code.lumens_from or 0):
            return -1
        if code.lumens_to is not None and course.lumens > code.lumens_to:
            return -1
        score += 1
    if code.device:
        if code.device != course.device:
            return -1
        score += 2
    if code.device_in_use is not None:
        if code.device_in_use is not course.device_in_use:
            return -1
        score += 1
    return score


def interval_for_code(course: TherapyCourse, rules: RuleSet) -> Decimal | int | None:
    """The interval a contract reads the code from: doses or bag changes; over 24 hours as daily where agreed."""
    hours = course.interval_hours
    if rules.pump_interval is PumpInterval.BAG_CHANGES and course.bag_change_hours is not None:
        hours = course.bag_change_hours
    if hours is not None and hours > 24 and rules.long_interval is LongInterval.AS_EVERY_24H:
        return 24
    return hours


def litres_for_code(course: TherapyCourse, rules: RuleSet) -> Decimal | None:
    """The litres a day that choose the volume code; lipids and overfill count as the contract says."""
    litres = course.litres_per_day
    if litres is None:
        return None
    if rules.volume_includes_lipids and course.lipid_litres_per_day is not None:
        litres += course.lipid_litres_per_day
    if rules.volume_includes_overfill and course.overfill_litres_per_day is not None:
        litres += course.overfill_litres_per_day
    return litres


def exclude_each_other(one: Code | None, other: Code | None) -> bool:
    """Whether the descriptors forbid these codes together for one therapy and day."""
    if one is None or other is None:
        return False
    return _forbids(one, other) or _forbids(other, one)


def whatever_the_therapy(one: Code | None, other: Code | None) -> bool:
    """Whether the codes exclude each other even for different therapies (obstetric management, hourly pharmacist)."""
    return any(
        code is not None and not code.not_with.isdisjoint((ANY_PER_DIEM, ANY_INFUSION_PER_DIEM))
        for code in (one, other)
    ) and exclude_each_other(one, other)


def _forbids(one: Code, other: Code) -> bool:
    if other.code in one.not_with:
        return True
    if ANY_PER_DIEM in one.not_with and other.per_diem:
        return True
    return ANY_INFUSION_PER_DIEM in one.not_with and other.per_diem and other.family != one.family


def _within(litres: Decimal | None, over: Decimal | None, up_to: Decimal | None) -> bool:
    return litres is not None and (over is None or litres > over) and (up_to is None or litres <= up_to)


def _choice(code: Code, reason: str, note: str = "") -> CodeChoice:
    return CodeChoice(code.code, reason, note, code.only_uncovered_days, code)


def _manual(course: TherapyCourse, table: CodeTable) -> CodeChoice:
    row = table.find(course.manual_code)
    reason = f"{course.manual_code} was set by hand on the therapy"
    if row is None:
        note = (
            f"Code {course.manual_code} of {course.label} is not in the code table. Check it before the claim leaves."
        )
        return CodeChoice(course.manual_code, reason, note)
    note = "" if row.per_diem else f"Code {row.code} of {course.label} is not a per diem. Check the therapy's code."
    return _choice(row, reason, note)


def _not_otherwise_classified(course: TherapyCourse, table: CodeTable) -> CodeChoice:
    code = INJECTION_NOC if course.by_injection else INFUSION_NOC
    kind = "injection" if course.by_injection else "infusion"
    row = table.find(code)
    reason = f"{code} because no {kind} code fits this therapy"
    note = f"{course.label} is billed with {code}: name the drug and its NDC in the claim note."
    return CodeChoice(code, reason, note, row=row)
