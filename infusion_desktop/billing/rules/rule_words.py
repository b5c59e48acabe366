"""The rules of a contract in a biller's words: what each is called, what it settles, and how its choices read."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from infusion_desktop.billing.rules import rule_set as r


@dataclass(frozen=True, slots=True)
class RuleWords:
    """One rule as a form shows it."""

    key: str
    title: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules that are looked at together."""

    title: str
    rules: tuple[RuleWords, ...]


def _w(key: str, title: str, hint: str = "") -> RuleWords:
    return RuleWords(key, title, hint)


GROUPS = (
    RuleGroup("Days", (
        _w("billing_model", "The payer pays by"),
        _w("day_basis", "A service day is"),
        _w("elapsed_rounding", "Hours of infusion become days by"),
        _w("run_days", "A run over midnight counts for"),
        _w("count_start_day", "The first day counts"),
        _w("count_end_day", "The last day counts"),
        _w("nursing_visit_is_infusion_day", "A nurse's visit makes an infusion day"),
        _w("count_suite_days", "Days in the infusion suite count"),
        _w("max_interval_hours", "Longest dosing interval of a per diem, in hours"),
        _w("over_interval", "Less frequent doses are billed"),
        _w("billing_model_by_family", "Families paid otherwise", "Such as tpn=SUPPLY_CODES; one a line"),
    )),
    RuleGroup("Interruptions", (
        _w("count_admit_day", "The day of admission counts"),
        _w("count_discharge_day", "The day of discharge counts"),
        _w("count_inpatient_day", "Full days in hospital count"),
        _w("count_hold_days", "Days on hold count"),
        _w("hold_grace_days", "First days of a hold that still count"),
        _w("count_other_interruptions", "Other interruptions count"),
    )),
    RuleGroup("Several therapies", (
        _w("rank_by", "First on a day is"),
        _w("rank_scope", "Ranked among"),
        _w("rank_percent", "Percent paid by rank", "Such as 100 50 0; the last one holds for all that follow"),
        _w("concurrency_modifiers", "Modifiers from the second on", "Such as SH SJ"),
        _w("concurrency_extra_modifiers", "Worn beside them", "Such as 59"),
        _w("modifier_order", "Order of modifiers", "Such as SH SJ SS 59"),
        _w("rank_table", "Fixed order of codes", "Only where a fixed table ranks"),
        _w("unranked_codes", "Codes that take no rank", "Only where infusions alone are ranked"),
    )),
    RuleGroup("Codes", (
        _w("tier_policy", "A family is billed by"),
        _w("tier_policy_by_family", "Families billed otherwise", "Such as anti_infective=GENERIC; one a line"),
        _w("long_interval", "Anti-infectives over 24 hours by"),
        _w("pump_interval", "The interval of pump doses is that of"),
        _w("volume_includes_lipids", "Lipids count as volume"),
        _w("volume_includes_overfill", "Overfill counts as volume"),
        _w("code_conflicts", "General and specific codes exclude each other"),
        _w("catheter_care_beside_therapy", "Catheter care is paid beside a therapy"),
    )),
    RuleGroup("Claim lines", (
        _w("span_policy", "A line spans"),
        _w("units_vs_span", "A line with fewer units than days"),
        _w("max_units_per_day", "Most units a day of a code"),
        _w("max_units_per_month", "Most units a month of a code", "Empty: no maximum"),
        _w("lines_per_claim", "Most lines on a claim"),
        _w("rounding", "Percents become cents"),
        _w("place_of_service", "Place of service", "12 is the home"),
        _w("suite_modifier", "Modifier of the suite", "SS, or empty"),
        _w("suite_place_of_service", "Place of service of the suite"),
        _w("claim_form", "The payer takes"),
        _w("secondary_rule", "After another payer it takes", "Its own codes go on paper where they differ"),
    )),
    RuleGroup("Authorization", (
        _w("authorization_required", "An authorization is needed"),
        _w("authorization_scope", "It is for"),
        _w("unauthorized", "Days without one are"),
        _w("authorization_warning_percent", "Warn from so many percent used"),
    )),
    RuleGroup("Goods and drugs", (
        _w("drug_quantity", "Billed drug units are those"),
        _w("waste_modifier", "Modifier of drug thrown away", "JW, or empty; where waste is billed apart"),
        _w("no_waste_modifier", "Modifier where nothing was", "JZ, or empty"),
        _w("under_skin_modifier", "Modifier of drugs under the skin", "JB, or empty"),
        _w("supply_modifiers", "Modifiers of a month's supply, a longer one", "JK JL, on codes that take them"),
        _w("supply_month_days", "Days of a month's supply"),
        _w("ndc_required", "Drug lines need an NDC"),
        _w("nutrition_solution", "Nutrition solution is billed"),
        _w("flushes", "Flushes are"),
        _w("diluents", "Diluents are"),
        _w("separately_billable_groups", "Kinds of goods billed apart", "Such as tubing, dressing; commas between"),
        _w("included_groups", "Kinds of goods never billed", "Such as pole; commas between"),
    )),
    RuleGroup("Equipment", (
        _w("equipment", "Pumps and poles are"),
        _w("rental_months", "Most rental months", "13 for Medicare; 0: no end"),
        _w("rental_later_percent", "Percent of the rent from the fourth month on"),
        _w("rental_counts_other_payers", "Months under a payer before count too", "No: a new rental period begins"),
        _w("medical_policy_modifier", "Modifier that the policy is met", "KX, or empty"),
        _w("weekly_supply_code", "Weekly code of pump supplies", "A4221, or empty"),
    )),
    RuleGroup("Nursing", (
        _w("nursing_biller", "Visits are billed by"),
        _w("visit_codes", "Visits are coded as"),
        _w("nursing_extra_minutes", "A further hour counts from its minute"),
        _w("nursing_max_hours_per_day", "Most hours a day", "Empty: no maximum"),
        _w("nursing_max_hours_per_week", "Most hours in seven days", "Empty: no maximum"),
        _w("nursing_max_visits_per_week", "Most visits in seven days", "Empty: no maximum"),
    )),
    RuleGroup("Delivery and filing", (
        _w("delivery_proof_required", "Proof of delivery is needed"),
        _w("service_date", "Goods are dated by their"),
        _w("filing_days", "Days to file a claim"),
        _w("filing_clock", "They count from"),
        _w("appeal_days", "Days to appeal"),
    )),
)  # fmt: skip
"""Every rule but the name and the version, once."""

_CHOICES: Mapping[Enum, str] = {
    r.BillingModel.PER_DIEM: "the day of therapy (per diem)",
    r.BillingModel.SUPPLY_CODES: "supplies and pumps by their codes",
    r.BillingModel.PER_DOSE: "the dose",
    r.DayBasis.ACCESS: "each day with access to the therapy",
    r.DayBasis.INFUSION_DAY: "a day something was infused",
    r.DayBasis.ELAPSED_24H: "24 hours of infusion",
    r.ElapsedRounding.FLOOR_MIN1: "whole 24 hours, at least one",
    r.ElapsedRounding.CEIL: "every 24 hours begun",
    r.RunDays.STARTED: "the day it began",
    r.RunDays.CONTINUOUS_TOUCHED: "each day, if it runs 24 hours or more",
    r.RunDays.TOUCHED: "each day it touches",
    r.OverInterval.NOT_BILLED: "not at all",
    r.OverInterval.PER_INFUSION: "by the infusion, where priced",
    r.OverInterval.PER_DISPENSE: "by the delivery, where priced",
    r.RankBy.CONTRACT_RATE_DESC: "the one that pays most",
    r.RankBy.START_DATE: "the one that began first",
    r.RankBy.FIXED_TABLE: "by the fixed order of codes",
    r.RankBy.MANUAL: "as set by hand on the therapy",
    r.RankScope.ALL: "all therapies of a day",
    r.RankScope.SAME_FAMILY: "therapies of one family",
    r.RankScope.INFUSIONS_ONLY: "infusions only",
    r.TierPolicy.SPECIFIC: "its most specific code",
    r.TierPolicy.GENERIC: "its general code",
    r.LongInterval.GENERIC: "the general code",
    r.LongInterval.AS_EVERY_24H: "the 24-hour code",
    r.PumpInterval.PRESCRIBED_DOSES: "the prescribed doses",
    r.PumpInterval.BAG_CHANGES: "the bag changes",
    r.ConflictScope.SAME_THERAPY: "within one order",
    r.ConflictScope.SAME_DAY: "among all therapies of a day",
    r.SpanPolicy.CALENDAR_MONTH: "a calendar month at most",
    r.SpanPolicy.EPISODE_MIN7: "the episode, seven days at least",
    r.SpanPolicy.MAX7: "seven days at most",
    r.SpanPolicy.DAILY: "one day",
    r.SpanPolicy.CONTIGUOUS_RUNS: "an unbroken run of days",
    r.UnitsVsSpan.SPANNED: "stays one line",
    r.UnitsVsSpan.LINE_PER_DATE: "becomes a line a day",
    r.AuthorizationScope.CODE: "a code, whatever its modifiers",
    r.AuthorizationScope.CODE_AND_MODIFIER: "a code with just these modifiers",
    r.Unauthorized.BLOCK: "not billed",
    r.Unauthorized.HOLD: "held back",
    r.Unauthorized.WARN: "billed with a warning",
    r.Rounding.PER_UNIT: "at one unit's price",
    r.Rounding.PER_LINE: "at the line's amount",
    r.DrugQuantity.ADMINISTERED: "given",
    r.DrugQuantity.DISPENSED: "dispensed",
    r.DrugQuantity.JW_JZ: "given, waste apart (JW, JZ)",
    r.NursingBiller.PHARMACY: "us",
    r.NursingBiller.AGENCY: "the home health agency",
    r.VisitCodes.HOURS: "99601 and 99602 by the hour",
    r.VisitCodes.INFUSION_SERVICE: "home infusion services (G0088, G0068 ...)",
    r.VisitCodes.HOME_IVIG: "immune globulin by vein at home (Q2052)",
    r.EquipmentBilling.INCLUDED: "inside what is paid",
    r.EquipmentBilling.CAPPED_RENTAL: "capped rentals (RR, KH, KI, KJ)",
    r.EquipmentBilling.MONTHLY_RENTAL: "rented by the month (RR)",
    r.EquipmentBilling.DAILY_RENTAL: "rented by the day (RR)",
    r.Nutrition.BUNDLED: "inside the per diem",
    r.Nutrition.B_CODES: "by B codes of its own",
    r.ServiceDate.DELIVERY: "delivery",
    r.ServiceDate.SHIP: "shipping",
    r.ServiceDate.THERAPY_DAY: "days of therapy",
    r.FilingClock.FROM_DAY: "the line's first day",
    r.FilingClock.THROUGH_DAY: "the line's last day",
    r.FilingClock.PRIMARY_PAID: "the first payer's payment",
    r.ClaimForm.X12_837P: "files (837P)",
    r.ClaimForm.CMS_1500: "paper (CMS-1500)",
    r.ClaimForm.STATEMENT: "patient statements (self-pay)",
    r.SecondaryRule.SAME_CODES: "that payer's codes",
    r.SecondaryRule.OWN_CODES: "its own codes",
    r.SecondaryRule.B_CODES_WHEN_MEDICARE_PRIMARY: "its own; Medicare's B codes after Medicare",
    r.Inclusion.INCLUDED: "inside the per diem",
    r.Inclusion.SEPARATE: "billed apart",
}


def choice_words(choice: Enum) -> str:
    """A choice as a form offers it."""
    return _CHOICES[choice]


def title_of(key: str) -> str:
    """What a rule is called."""
    return next((each.title for group in GROUPS for each in group.rules if each.key == key), key.replace("_", " "))


def difference(before: r.RuleSet, after: r.RuleSet) -> tuple[str, ...]:
    """What a new version changes, one sentence a rule: "A line spans: seven days at most, before a calendar month"."""
    found = []
    for group in GROUPS:
        for each in group.rules:
            old, new = getattr(before, each.key), getattr(after, each.key)
            if old != new:
                found.append(f"{each.title}: {value_words(new)}, before {value_words(old)}.")
    return tuple(found)


def value_words(value: object) -> str:
    """A rule's value as a sentence says it."""
    if isinstance(value, Enum):
        return choice_words(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == () or value == "" or value == {}:
        return "nothing"
    if isinstance(value, tuple):
        return " ".join(str(each) for each in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={each.value if isinstance(each, Enum) else each}" for key, each in value.items())
    return str(value)
