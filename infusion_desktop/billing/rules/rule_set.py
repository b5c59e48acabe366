"""One payer's variation as data: every parameter of a per-diem contract, with the defaults of a starting point.

Defaults follow the home infusion association's definition of the per diem (each day with access to the therapy, dosing
intervals up to 72 hours) where one was published; the rest are editable starting values, not facts about any payer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum


class BillingModel(Enum):
    """What a payer pays a therapy family by (Oregon and most commercial payers: per diem; some Medicaids: supplies)."""

    PER_DIEM = "PER_DIEM"
    SUPPLY_CODES = "SUPPLY_CODES"
    PER_DOSE = "PER_DOSE"


class DayBasis(Enum):
    """Which days are service days: access (NHIA, Oregon), infusion days (Texas), hours of infusion (North Carolina)."""

    ACCESS = "ACCESS"
    INFUSION_DAY = "INFUSION_DAY"
    ELAPSED_24H = "ELAPSED_24H"


class ElapsedRounding(Enum):
    """How hours of a run become days: whole 24 hours but at least one, or every 24 hours begun."""

    FLOOR_MIN1 = "FLOOR_MIN1"
    CEIL = "CEIL"


class RunDays(Enum):
    """Which calendar days an infusion that passes midnight is an infusion day for."""

    STARTED = "STARTED"
    CONTINUOUS_TOUCHED = "CONTINUOUS_TOUCHED"
    TOUCHED = "TOUCHED"


class OverInterval(Enum):
    """What is billed for a therapy dosed less often than the longest per-diem interval."""

    NOT_BILLED = "NOT_BILLED"
    PER_INFUSION = "PER_INFUSION"
    PER_DISPENSE = "PER_DISPENSE"


class RankBy(Enum):
    """What puts one of several therapies first on a day."""

    CONTRACT_RATE_DESC = "CONTRACT_RATE_DESC"
    START_DATE = "START_DATE"
    FIXED_TABLE = "FIXED_TABLE"
    MANUAL = "MANUAL"


class RankScope(Enum):
    """Among which therapies of a day the ranks are given."""

    ALL = "ALL"
    SAME_FAMILY = "SAME_FAMILY"
    INFUSIONS_ONLY = "INFUSIONS_ONLY"


class TierPolicy(Enum):
    """Whether a family is billed by its most specific code or by its general one (sources disagree)."""

    SPECIFIC = "SPECIFIC"
    GENERIC = "GENERIC"


class LongInterval(Enum):
    """The anti-infective code for intervals over 24 hours, for which no code exists."""

    GENERIC = "GENERIC"
    AS_EVERY_24H = "AS_EVERY_24H"


class PumpInterval(Enum):
    """Whether the interval of pump-given doses is that of the doses or of the bag changes."""

    PRESCRIBED_DOSES = "PRESCRIBED_DOSES"
    BAG_CHANGES = "BAG_CHANGES"


class ConflictScope(Enum):
    """Where a family's general code excludes its specific ones: within one order, or among all therapies of a day."""

    SAME_THERAPY = "SAME_THERAPY"
    SAME_DAY = "SAME_DAY"


class SpanPolicy(Enum):
    """How many days one claim line may span."""

    CALENDAR_MONTH = "CALENDAR_MONTH"
    EPISODE_MIN7 = "EPISODE_MIN7"
    MAX7 = "MAX7"
    DAILY = "DAILY"
    CONTIGUOUS_RUNS = "CONTIGUOUS_RUNS"


class UnitsVsSpan(Enum):
    """What happens to a line with fewer units than days: stays one spanned line, or becomes a line per date."""

    SPANNED = "SPANNED"
    LINE_PER_DATE = "LINE_PER_DATE"


class AuthorizationScope(Enum):
    """Whether an authorization is for a code, or for a code with exactly its concurrency modifiers."""

    CODE = "CODE"
    CODE_AND_MODIFIER = "CODE_AND_MODIFIER"


class Unauthorized(Enum):
    """What happens to days no authorization covers, where one is required."""

    BLOCK = "BLOCK"
    HOLD = "HOLD"
    WARN = "WARN"


class Rounding(Enum):
    """Where a percentage becomes whole cents: at one unit's price or at the line's amount."""

    PER_UNIT = "PER_UNIT"
    PER_LINE = "PER_LINE"


class DrugQuantity(Enum):
    """Which drug units are billed: given (North Carolina), dispensed, or given plus a JW line (Medicare)."""

    ADMINISTERED = "ADMINISTERED"
    DISPENSED = "DISPENSED"
    JW_JZ = "JW_JZ"


class NursingBiller(Enum):
    """Who bills nursing visits (Nebraska: the home health agency)."""

    PHARMACY = "PHARMACY"
    AGENCY = "AGENCY"


class VisitCodes(Enum):
    """How a visit is coded: by hours (99601, 99602), as Medicare's infusion services (G codes), or its IVIG at home."""

    HOURS = "HOURS"
    INFUSION_SERVICE = "INFUSION_SERVICE"
    HOME_IVIG = "HOME_IVIG"


class EquipmentBilling(Enum):
    """How pumps and poles in the home are billed: not apart, as Medicare's capped rental, or by month or day."""

    INCLUDED = "INCLUDED"
    CAPPED_RENTAL = "CAPPED_RENTAL"
    MONTHLY_RENTAL = "MONTHLY_RENTAL"
    DAILY_RENTAL = "DAILY_RENTAL"


class Nutrition(Enum):
    """How parenteral nutrition solution is billed: inside the per diem, or by B codes of its own."""

    BUNDLED = "BUNDLED"
    B_CODES = "B_CODES"


class ServiceDate(Enum):
    """The date of service of delivered goods."""

    DELIVERY = "DELIVERY"
    SHIP = "SHIP"
    THERAPY_DAY = "THERAPY_DAY"


class FilingClock(Enum):
    """Which day of a line starts the filing limit."""

    FROM_DAY = "FROM_DAY"
    THROUGH_DAY = "THROUGH_DAY"
    PRIMARY_PAID = "PRIMARY_PAID"


class ClaimForm(Enum):
    """The form the payer takes; who pays alone gets a patient's statement."""

    X12_837P = "837P"
    CMS_1500 = "CMS1500"
    STATEMENT = "STATEMENT"


class SecondaryRule(Enum):
    """Whose codes a claim has when another payer was first (Nebraska: its own, but B codes when Medicare was)."""

    SAME_CODES = "SAME_CODES"
    OWN_CODES = "OWN_CODES"
    B_CODES_WHEN_MEDICARE_PRIMARY = "B_CODES_WHEN_MEDICARE_PRIMARY"


class Inclusion(Enum):
    """Whether a group of goods is inside the per diem."""

    INCLUDED = "INCLUDED"
    SEPARATE = "SEPARATE"


INJECTIONS_AND_CATHETER_CARE = (
    "S5497", "S5498", "S5501", "S5502", "S9370", "S9372", "S9537", "S9542", "S9558", "S9559", "S9560", "S9562", "S9563",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One version of one payer's rules. Its effective days belong to whoever keeps it; a charge keeps ``label``."""

    name: str = "Standard per diem"
    version: int = 1

    billing_model: BillingModel = BillingModel.PER_DIEM
    billing_model_by_family: Mapping[str, BillingModel] = field(default_factory=dict, hash=False)

    day_basis: DayBasis = DayBasis.ACCESS
    elapsed_rounding: ElapsedRounding = ElapsedRounding.FLOOR_MIN1
    run_days: RunDays = RunDays.CONTINUOUS_TOUCHED
    nursing_visit_is_infusion_day: bool = False
    count_start_day: bool = True
    count_end_day: bool = True
    max_interval_hours: int = 72
    over_interval: OverInterval = OverInterval.PER_INFUSION
    count_admit_day: bool = True
    count_discharge_day: bool = True
    count_inpatient_day: bool = False
    count_hold_days: bool = False
    hold_grace_days: int = 0
    count_other_interruptions: bool = False
    count_suite_days: bool = True
    suite_modifier: str = "SS"
    max_units_per_day: int = 1
    max_units_per_month: int | None = None

    rank_by: RankBy = RankBy.CONTRACT_RATE_DESC
    rank_scope: RankScope = RankScope.ALL
    rank_table: tuple[str, ...] = ()
    rank_percent: tuple[Decimal, ...] = (Decimal(100), Decimal(100), Decimal(100))
    unranked_codes: tuple[str, ...] = INJECTIONS_AND_CATHETER_CARE
    concurrency_modifiers: tuple[str, ...] = ("SH", "SJ")
    concurrency_extra_modifiers: tuple[str, ...] = ()
    modifier_order: tuple[str, ...] = ("SH", "SJ", "SS", "59")

    tier_policy: TierPolicy = TierPolicy.SPECIFIC
    tier_policy_by_family: Mapping[str, TierPolicy] = field(default_factory=dict, hash=False)
    long_interval: LongInterval = LongInterval.GENERIC
    pump_interval: PumpInterval = PumpInterval.PRESCRIBED_DOSES
    volume_includes_lipids: bool = True
    volume_includes_overfill: bool = False
    code_conflicts: ConflictScope = ConflictScope.SAME_THERAPY
    catheter_care_beside_therapy: bool = False

    span_policy: SpanPolicy = SpanPolicy.CALENDAR_MONTH
    units_vs_span: UnitsVsSpan = UnitsVsSpan.SPANNED
    lines_per_claim: int = 50
    place_of_service: str = "12"
    suite_place_of_service: str = "12"
    rounding: Rounding = Rounding.PER_LINE

    authorization_required: bool = False
    authorization_scope: AuthorizationScope = AuthorizationScope.CODE
    unauthorized: Unauthorized = Unauthorized.HOLD
    authorization_warning_percent: int = 80

    separately_billable_groups: tuple[str, ...] = ()
    included_groups: tuple[str, ...] = ()
    flushes: Inclusion = Inclusion.INCLUDED
    diluents: Inclusion = Inclusion.INCLUDED
    drug_quantity: DrugQuantity = DrugQuantity.DISPENSED
    waste_modifier: str = "JW"
    no_waste_modifier: str = "JZ"
    under_skin_modifier: str = "JB"
    supply_modifiers: tuple[str, ...] = ("JK", "JL")
    supply_month_days: int = 31
    ndc_required: bool = True
    nutrition_solution: Nutrition = Nutrition.BUNDLED

    equipment: EquipmentBilling = EquipmentBilling.INCLUDED
    rental_months: int = 13
    rental_later_percent: Decimal = Decimal(75)
    rental_counts_other_payers: bool = False
    medical_policy_modifier: str = ""
    weekly_supply_code: str = ""

    nursing_biller: NursingBiller = NursingBiller.PHARMACY
    visit_codes: VisitCodes = VisitCodes.HOURS
    nursing_extra_minutes: int = 31
    nursing_max_hours_per_day: int | None = None
    nursing_max_hours_per_week: int | None = None
    nursing_max_visits_per_week: int | None = None

    filing_days: int = 90
    filing_clock: FilingClock = FilingClock.FROM_DAY
    appeal_days: int = 180
    delivery_proof_required: bool = True
    service_date: ServiceDate = ServiceDate.THERAPY_DAY
    claim_form: ClaimForm = ClaimForm.X12_837P
    secondary_rule: SecondaryRule = SecondaryRule.SAME_CODES

    @property
    def label(self) -> str:
        """The rule set as charges and papers name it."""
        return f"{self.name} v{self.version}"

    def model_for(self, family: str) -> BillingModel:
        """What this family is paid by."""
        return self.billing_model_by_family.get(family, self.billing_model)

    def tiers_for(self, family: str) -> TierPolicy:
        """How this family's code is chosen."""
        return self.tier_policy_by_family.get(family, self.tier_policy)

    def repeats_codes_of(self, *, medicare: bool) -> bool:
        """Whether a claim after another payer's (Medicare's or not) has its codes; else these rules count it."""
        if self.secondary_rule is SecondaryRule.B_CODES_WHEN_MEDICARE_PRIMARY:
            return medicare
        return self.secondary_rule is SecondaryRule.SAME_CODES

    def percent_of_rank(self, rank: int) -> Decimal:
        """The share of the rate a rank is paid; rank 0 (not ranked) in full, later ranks like the last named."""
        return Decimal(100) if rank == 0 else self.rank_percent[min(rank, len(self.rank_percent)) - 1]

    def modifiers_of_rank(self, rank: int) -> tuple[str, ...]:
        """The modifiers a rank wears: none for the first, then one after the other, the last for all that follow."""
        if rank < 2 or not self.concurrency_modifiers:
            return ()
        place = min(rank - 2, len(self.concurrency_modifiers) - 1)
        return (self.concurrency_modifiers[place], *self.concurrency_extra_modifiers)
