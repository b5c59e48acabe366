"""Checks of the lines themselves: codes, modifiers, units, drugs, visits, prices."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import combinations

from infusion_desktop.billing.rules.checks.facts import (
    Check,
    ClaimFacts,
    Told,
    Where,
    has_goods_or_visits,
    to_medicare,
)
from infusion_desktop.billing.rules.codes import exclude_each_other, whatever_the_therapy
from infusion_desktop.billing.rules.counted import ServiceLine
from infusion_desktop.billing.rules.drugs import MOST_NDC_QUANTITY, NDC_UNITS
from infusion_desktop.billing.rules.nursing import EXTRA_HOUR, VISIT
from infusion_desktop.billing.rules.rentals import add_months
from infusion_desktop.billing.rules.rule_set import (
    BillingModel,
    ConflictScope,
    DrugQuantity,
    EquipmentBilling,
    NursingBiller,
    SpanPolicy,
)
from infusion_desktop.billing.rules.worn import comes_in_single_doses, is_paid_beside_prefilled
from infusion_desktop.billing.words import LineKind
from infusion_desktop.dates import show_day
from infusion_desktop.money import CENT, ZERO
from infusion_desktop.stock.words import Container

MOST_MODIFIERS = 4
_WEEK = 7
_MONTHS = frozenset(("KH", "KI", "KJ"))


def _no_lines(facts: ClaimFacts) -> Iterator[Told]:
    if not facts.lines:
        yield "The claim has no line. Count the month, or discard the claim."


def _too_many_lines(facts: ClaimFacts) -> Iterator[Told]:
    most = facts.rules.lines_per_claim if facts.rules else 50
    if len(facts.lines) > most:
        yield f"The claim has {len(facts.lines)} lines; {most} is the most. Its file tells it in parts of so many."


def _code_known(facts: ClaimFacts) -> Iterator[Told]:
    for line in facts.lines:
        row = facts.codes.find(line.code)
        if row is None:
            if line.kind is LineKind.PER_DIEM:
                yield f"{line.label}: the code is not in the code table. Correct the code.", line.number
        elif not (row.is_effective(line.days.first) and row.is_effective(line.days.last)):
            yield f"{line.label}: the code is not in force on these days. Choose another code.", line.number


def _code_conflict(facts: ClaimFacts) -> Iterator[Told]:
    same_day = facts.rules is not None and facts.rules.code_conflicts is ConflictScope.SAME_DAY
    rows = [(line, facts.codes.find(line.code)) for line in facts.lines]
    for (one, a), (other, b) in combinations(rows, 2):
        if not exclude_each_other(a, b):
            continue
        related = same_day or one.therapy_id == other.therapy_id or whatever_the_therapy(a, b)
        if related and _share_a_day(one, other):
            yield f"{other.label} must not stand beside {one.label} on the same day. Remove one.", other.number


def _units_against_days(facts: ClaimFacts) -> Iterator[Told]:
    most_a_day = facts.rules.max_units_per_day if facts.rules else 1
    for line in facts.per_diems:
        row = facts.codes.find(line.code)
        by_day = row is not None and row.per_diem and row.unit == "day"
        if by_day and line.units > len(line.days) * most_a_day:
            told = f"{line.label} bills {_plain(line.units)} units on {len(line.days)} days. Correct units or days."
            yield told, line.number


def _units_whole(facts: ClaimFacts) -> Iterator[Told]:
    for line in facts.lines:
        if line.units <= 0 or (line.kind is LineKind.PER_DIEM and line.units != line.units.to_integral_value()):
            yield f"{line.label} has {_plain(line.units)} units. Units are above zero, and whole for days.", line.number


def _duplicate_line(facts: ClaimFacts) -> Iterator[Told]:
    """Two lines alike on one day are denied as duplicates (CARC 18), often for a missing SH."""
    for one, other in combinations(facts.lines, 2):
        alike = (one.code, one.modifiers, one.ndc, one.compound) == (
            other.code,
            other.modifiers,
            other.ndc,
            other.compound,
        )
        if alike and one.kind is not LineKind.NURSING and _share_a_day(one, other):
            yield f"{other.label} repeats line {one.number} on the same day. Add SH, or remove one.", other.number


def _duplicate_claim(facts: ClaimFacts) -> Iterator[Told]:
    if facts.frequency != "1":
        return
    for line in facts.lines:
        for before in facts.billed_before:
            alike = (line.code, line.modifiers) == (before.code, before.modifiers) and not before.apart
            if alike and line.days.overlap(before.days):
                told = f"{line.label} was billed with claim {before.claim} for some of these days."
                yield f"{told} Replace that one, or void one.", line.number
                break


def _billed_elsewhere(facts: ClaimFacts) -> Iterator[Told]:
    """A day has one first payer: who that is was learned late, and the other one has the claim already."""
    for line in facts.lines if facts.billed_elsewhere else ():
        for before in facts.billed_elsewhere:
            if line.code == before.code and line.days.overlap(before.days):
                told = f"{line.label}: claim {before.claim} bills some of these days to another payer as the first one."
                yield f"{told} Void that claim, or correct who pays first.", line.number
                break


def _modifiers(facts: ClaimFacts) -> Iterator[Told]:
    for line in facts.lines:
        if not line.modifiers:
            continue
        if len(line.modifiers) > MOST_MODIFIERS or len(set(line.modifiers)) < len(line.modifiers):
            yield f"{line.label}: at most four different modifiers. Remove one.", line.number
        elif any(len(each) != 2 or not each.isalnum() for each in line.modifiers):
            yield f"{line.label}: a modifier has two letters or digits. Correct it.", line.number


def _rank_without_first(facts: ClaimFacts) -> Iterator[Told]:
    """SH and SJ say "second" and "third": some therapy of the day must be the first."""
    if facts.rules is None or not facts.rules.concurrency_modifiers:
        return
    marked = [line for line in facts.per_diems if line.modifiers]
    if not marked:
        return
    ranks = frozenset(facts.rules.concurrency_modifiers)
    further = [line for line in marked if not ranks.isdisjoint(line.modifiers)]
    first_days = set[date]().union(*[_dates(line) for line in facts.per_diems if ranks.isdisjoint(line.modifiers)])
    for each in facts.billed_before:
        row = facts.codes.find(each.code) if each.apart and ranks.isdisjoint(each.modifiers) else None
        if row is not None and row.per_diem:
            first_days.update(each.days)
    for line in further:
        if not first_days.issuperset(_dates(line)):
            yield f"{line.label} is a further therapy on days that have no first one. Count again.", line.number


def _narrative(facts: ClaimFacts) -> Iterator[Told]:
    """Codes for what is not otherwise classified need the drug's name (S9379, S9542, J3490, ...)."""
    for line in facts.lines:
        row = facts.codes.find(line.code)
        needs = row is not None and (row.not_otherwise_classified or row.facts.get("narrative_required") == "yes")
        if needs and not line.description.strip():
            yield f"{line.label} needs a description of the drug or goods. Write it on the line.", line.number


def _ndc_missing(facts: ClaimFacts) -> Iterator[Told]:
    if facts.rules is not None and not facts.rules.ndc_required:
        return
    for line in facts.lines:
        if line.kind is LineKind.DRUG and not line.ndc:
            yield f"{line.label} has no NDC. Enter it in the catalogue.", line.number


def _ndc_form(facts: ClaimFacts) -> Iterator[Told]:
    for line in facts.lines:
        if line.ndc and (len(line.ndc) != 11 or not (line.ndc.isascii() and line.ndc.isdigit())):
            yield f"{line.label}: an NDC on a claim has eleven digits. Correct it in the catalogue.", line.number


def _ndc_quantity(facts: ClaimFacts) -> Iterator[Told]:
    for line in facts.lines:
        if not line.ndc:
            continue
        quantity = line.ndc_quantity
        if quantity is None or not 0 < quantity <= MOST_NDC_QUANTITY or line.ndc_unit not in NDC_UNITS:
            yield f"{line.label} needs the NDC's quantity and unit ({', '.join(NDC_UNITS)}). Enter both.", line.number


def _waste(facts: ClaimFacts) -> Iterator[Told]:
    """Medicare returns single-dose drugs without JW or JZ (since October 2023)."""
    if facts.rules is None or facts.rules.drug_quantity is not DrugQuantity.JW_JZ:
        return
    some, none = facts.rules.waste_modifier, facts.rules.no_waste_modifier
    if not some or not none:
        return
    drugs = [
        line
        for line in facts.lines
        if line.kind is LineKind.DRUG and comes_in_single_doses(facts.codes.find(line.code), line.container)
    ]
    with_waste = {(line.code, line.days) for line in drugs if some in line.modifiers}
    for line in drugs:
        if not {some, none} & set(line.modifiers) and (line.code, line.days) not in with_waste:
            yield f"{line.label} says neither {some} nor {none}. Record what was discarded.", line.number


def _same_container(facts: ClaimFacts) -> Iterator[Told]:
    """A drug is in a cassette or bag (A4222) or in a syringe (K0552), not in both (Noridian, infusion pumps)."""
    for line in facts.lines:
        row = facts.codes.find(line.code)
        other = "" if row is None else row.facts.get("not_same_container_as", "")
        for beside in facts.lines if other else ():
            if beside.code == other and beside.therapy_id == line.therapy_id and _share_a_day(line, beside):
                told = f"{beside.label} and {line.label} pay for one drug's containers. Bill syringe or cassette."
                yield told, beside.number


def _prefilled(facts: ClaimFacts) -> Iterator[Told]:
    """A syringe for the pump is not paid beside a drug that comes in one (Noridian, external infusion pumps: K0552)."""
    filled = [line for line in facts.lines if line.container is Container.PREFILLED]
    for line in facts.lines if filled else ():
        drug = next((each for each in filled if line.therapy_id in (None, each.therapy_id)), None)
        if drug is not None and not is_paid_beside_prefilled(facts.codes.find(line.code)):
            told = f"{line.label} pays for a syringe, and {drug.label} comes prefilled: Medicare does not pay both."
            yield f"{told} Correct how the drug comes, or see that the syringe is another drug's.", line.number


def _kits(facts: ClaimFacts) -> Iterator[Told]:
    """Supply kits of nutrition are daily: one a day, and of one type (DME contractors: PDAC)."""
    kits = [
        (line, row)
        for line in facts.lines
        if line.kind is LineKind.SUPPLY and (row := facts.codes.find(line.code)) and "max_per_day" in row.facts
    ]
    for line, row in kits:
        days = _days_supplied(facts, line)
        if line.units > days * int(row.facts["max_per_day"]):
            yield (
                f"{line.label} bills {_plain(line.units)} daily kits for {days} days. Correct what was sent.",
                line.number,
            )
    for (one, a), (other, b) in combinations(kits, 2):
        both = "one_kit_type" in a.facts and "one_kit_type" in b.facts
        if both and one.code != other.code and one.therapy_id == other.therapy_id and _share_a_day(one, other):
            yield f"{other.label} is a second type of kit beside {one.label}. Bill one type a day.", other.number


def _over_months(facts: ClaimFacts) -> Iterator[Told]:
    """Feeding tubes beyond three months' number are rarely found necessary (Noridian, enteral nutrition)."""
    for line in facts.lines:
        row = facts.codes.find(line.code)
        if row is None or "medicare_most" not in row.facts:
            continue
        most, months, group = (row.facts[each] for each in ("medicare_most", "medicare_months", "medicare_most_of"))
        since = add_months(line.days.first, -int(months))
        here = [(each.code, each.days.first, each.units) for each in facts.lines if each.number <= line.number]
        before = [(each.code, each.days.first, each.units) for each in facts.billed_before]
        units = sum([
            units
            for code, day, units in here + before
            if since < day <= line.days.first
            and (other := facts.codes.find(code)) is not None
            and other.facts.get("medicare_most_of") == group
        ], ZERO)  # fmt: skip
        if units > int(most):
            told = (
                f"{line.label}: {_plain(units)} tubes of this kind in {months} months; Medicare finds more than {most} "
                "rarely necessary. See that the record says why, or what was sent by mistake."
            )
            yield told, line.number


def _days_supplied(facts: ClaimFacts, line: ServiceLine) -> int:
    """The days that goods of a line are for: its own, or those of the delivery it is dated by."""
    by_delivery = [
        len(each.supply)
        for each in facts.deliveries
        if each.serves(line.therapy_id) and line.days.first in (each.delivered_on, each.shipped_on, each.supply.first)
    ]
    return max(len(line.days), *by_delivery, 0)


def _compound(facts: ClaimFacts) -> Iterator[Told]:
    tied = [line for line in facts.lines if line.compound]
    ties = Counter(line.compound for line in tied) if tied else {}
    for line in tied:
        if ties[line.compound] == 1:
            yield (
                f"{line.label} belongs to a compound of which no other ingredient is billed. Add the rest.",
                line.number,
            )


def _extra_hours(facts: ClaimFacts) -> Iterator[Told]:
    visits = {line.days.first for line in facts.lines if line.code == VISIT}
    for line in facts.lines:
        if line.code == EXTRA_HOUR and line.days.first not in visits:
            yield f"{line.label} has no visit ({VISIT}) on its day to be added to. Add the visit.", line.number


def _priced(facts: ClaimFacts) -> Iterator[Told]:
    for line in facts.lines:
        if not line.priced:
            yield f"{line.label}: the contract has no price. Enter the fee, or check the contract.", line.number


def _charge(facts: ClaimFacts) -> Iterator[Told]:
    for line in facts.lines:
        if line.charge <= 0:
            yield f"{line.label} charges nothing. Enter a charge in the fee schedule.", line.number
        elif line.charge != line.charge.quantize(CENT):
            yield f"{line.label} charges parts of a cent. Count again.", line.number


def _span(facts: ClaimFacts) -> Iterator[Told]:
    policy = facts.rules.span_policy if facts.rules else None
    if policy is SpanPolicy.CALENDAR_MONTH:
        for line in facts.lines:
            first, last = line.days.first, line.days.last
            if first.month != last.month or first.year != last.year:
                yield f"{line.label} crosses a month's end. Split it there.", line.number
    if policy is SpanPolicy.MAX7:
        for line in facts.lines:
            if len(line.days) > _WEEK:
                yield f"{line.label} spans more than seven days. Split it.", line.number
    if policy is SpanPolicy.DAILY:
        for line in facts.lines:
            if len(line.days) > 1:
                yield f"{line.label} spans more than one day. This payer wants a line for each day.", line.number


def _place(facts: ClaimFacts) -> Iterator[Told]:
    for line in facts.lines:
        if len(line.place) != 2 or not (line.place.isascii() and line.place.isdigit()):
            yield f"{line.label} has no place of service. Enter it in the payer's rules.", line.number


def _pointers(facts: ClaimFacts) -> Iterator[Told]:
    if not 1 <= len(facts.pointers) <= 4 or min(facts.pointers) < 1 or max(facts.pointers) > len(facts.diagnoses):
        yield "The claim's lines must point to one to four of its diagnoses. Enter the therapy's diagnosis."


def _medicare_per_diem(facts: ClaimFacts) -> Iterator[Told]:
    """Medicare pays no S codes (status I)."""
    for line in facts.lines:
        if line.code.startswith("S"):
            yield f"{line.label}: Medicare pays no S codes. Bill by pump, supply and drug codes.", line.number


def _three_parts(facts: ClaimFacts) -> Iterator[Told]:
    """A complete claim has drugs, per diems and visits; one alone is often an oversight (NHIA: three parts)."""
    kinds = {line.kind for line in facts.lines}
    days, drugs, visits = bool(facts.per_diems), LineKind.DRUG in kinds, LineKind.NURSING in kinds
    if days and not drugs and any(_drug_expected(facts, line) for line in facts.per_diems):
        yield "The claim bills days of therapy but no drug. Add the drug, or check who bills it."
    if days and drugs:
        for line in _without_drug(facts):
            told = (
                f"{line.label} bills days of a therapy whose drug is not billed. Add the drug, or check who bills it."
            )
            yield told, line.number
    by_day = facts.rules is None or facts.rules.billing_model is BillingModel.PER_DIEM
    if drugs and not days and by_day:
        yield "The claim bills drugs but no day of therapy. Count the month."
    if visits and not days and not drugs and by_day:
        yield "The claim bills visits but neither days of therapy nor a drug. Count the month, or check who bills them."
    if days and not visits and (begun := _begun(facts)):
        yield (
            f"Therapy began on {show_day(begun)} and no nursing visit is billed: enter the first visit, "
            "or check who bills it."
        )


def _begun(facts: ClaimFacts) -> date | None:
    """The first day of a therapy that begins on the claim, where we bill the visits: somebody taught the patient."""
    if facts.rules is None or facts.rules.nursing_biller is not NursingBiller.PHARMACY:
        return None
    billed = [(line.therapy_id, line.days.first) for line in facts.per_diems]
    begun = [each.days.first for each in facts.orders if (each.therapy_id, each.days.first) in billed]
    return min(begun, default=None)


def _rental(facts: ClaimFacts) -> Iterator[Told]:
    """A capped rental says which month it is (Noridian: claims without KH, KI or KJ are returned)."""
    if facts.rules is None or facts.rules.equipment is not EquipmentBilling.CAPPED_RENTAL:
        return
    for line in facts.lines:
        row = facts.codes.find(line.code)
        if row is not None and row.family == "pump" and "RR" in line.modifiers and not _MONTHS & set(line.modifiers):
            yield f"{line.label} does not say which rental month it is. Take the DMEPOS fee schedule in.", line.number


def _drug_without_pump(facts: ClaimFacts) -> Iterator[Told]:
    """Medicare pays a drug of the pump policy only beside a covered pump (Noridian: statutory denial without)."""
    if facts.rules is None or facts.rules.equipment is not EquipmentBilling.CAPPED_RENTAL:
        return
    rows = [facts.codes.find(line.code) for line in facts.lines]
    pumps = any(row is not None and row.family == "pump" for row in rows)
    weekly = any(row is not None and row.unit == "week" for row in rows)
    if not pumps and not weekly:
        for line in facts.lines:
            if line.kind is LineKind.DRUG:
                yield f"{line.label} is billed without a pump. Enter the pump in the home, or who owns it.", line.number
                return


def _without_drug(facts: ClaimFacts) -> Iterator[ServiceLine]:
    """The first line of each therapy without a drug line of its own, of another version of its order, or of no one."""
    billed = {line.therapy_id for line in facts.lines if line.kind is LineKind.DRUG}
    firsts = {line.therapy_id: line for line in reversed(facts.per_diems) if line.therapy_id is not None}
    for therapy, line in firsts.items():
        if None in billed or therapy in billed or not _drug_expected(facts, line):
            continue
        served = {each.therapy_id for each in facts.deliveries if each.serves(therapy)}
        if served.isdisjoint(billed):
            yield line


def _drug_expected(facts: ClaimFacts, line: ServiceLine) -> bool:
    row = facts.codes.find(line.code)
    return row is None or not (row.only_uncovered_days or row.family in ("tpn", "enteral"))


def _has_several_lines(facts: ClaimFacts) -> bool:
    return len(facts.lines) > 1


def _was_billed_before(facts: ClaimFacts) -> bool:
    return bool(facts.billed_before)


def _dates(line: ServiceLine) -> tuple[date, ...]:
    return line.dates or tuple(line.days)


def _plain(units: Decimal) -> str:
    return f"{units.normalize():f}"


def _share_a_day(one: ServiceLine, other: ServiceLine) -> bool:
    apart = one.days.last < other.days.first or other.days.last < one.days.first
    return not apart and not set(_dates(one)).isdisjoint(_dates(other))


CHECKS = (
    Check("NO_LINES", "Lines", Where.CLAIM, True, _no_lines),
    Check("TOO_MANY_LINES", "The most lines of a claim", Where.CLAIM, False, _too_many_lines),
    Check("CODE", "Codes that are in force", Where.CLAIM, True, _code_known),
    Check("CODE_CONFLICT", "Codes that exclude each other", Where.CLAIM, True, _code_conflict, _has_several_lines),
    Check("UNITS_DAYS", "Units against days", Where.CLAIM, True, _units_against_days),
    Check("UNITS", "Whole units above zero", Where.CLAIM, True, _units_whole),
    Check("DUPLICATE_LINE", "A line twice", Where.CLAIM, True, _duplicate_line, _has_several_lines),
    Check("DUPLICATE_CLAIM", "Days that were billed before", Where.CLAIM, True, _duplicate_claim, _was_billed_before),
    Check("BILLED_ELSEWHERE", "Days another first payer has", Where.COVERAGE, True, _billed_elsewhere),
    Check("MODIFIERS", "Modifiers", Where.CLAIM, True, _modifiers),
    Check("RANK", "A first therapy beside SH and SJ", Where.CLAIM, True, _rank_without_first),
    Check("NARRATIVE", "The description of unclassified codes", Where.CLAIM, True, _narrative),
    Check("NDC", "The NDC of a drug", Where.CATALOGUE, True, _ndc_missing, has_goods_or_visits),
    Check("NDC_FORM", "Eleven digits of an NDC", Where.CATALOGUE, True, _ndc_form, has_goods_or_visits),
    Check("NDC_QUANTITY", "The NDC's quantity and unit", Where.CATALOGUE, True, _ndc_quantity, has_goods_or_visits),
    Check("RENTAL_MONTH", "The month of a capped rental", Where.CONTRACT, False, _rental, has_goods_or_visits),
    Check("NO_PUMP", "Drugs that need a pump", Where.PATIENT, False, _drug_without_pump, has_goods_or_visits),
    Check("WASTE", "JW or JZ", Where.CLAIM, True, _waste, has_goods_or_visits),
    Check(
        "CONTAINERS", "A cassette and a syringe for one drug", Where.CLAIM, False, _same_container, has_goods_or_visits
    ),
    Check(
        "PREFILLED",
        "A syringe beside a drug that comes in one",
        Where.CATALOGUE,
        False,
        _prefilled,
        has_goods_or_visits,
    ),
    Check("KITS", "One nutrition kit a day, of one type", Where.DELIVERY, False, _kits, has_goods_or_visits),
    Check("OVER_MONTHS", "More than a few months take", Where.DELIVERY, False, _over_months, to_medicare),
    Check("COMPOUND", "All ingredients of a compound", Where.CLAIM, False, _compound, has_goods_or_visits),
    Check("EXTRA_HOURS", "Extra hours of a visit", Where.VISITS, True, _extra_hours, has_goods_or_visits),
    Check("PRICE", "The contract's price", Where.CONTRACT, False, _priced),
    Check("CHARGE", "A charge", Where.CONTRACT, True, _charge),
    Check("SPAN", "The payer's longest span", Where.CLAIM, True, _span),
    Check("PLACE", "The place of service", Where.CONTRACT, True, _place),
    Check("POINTERS", "Diagnoses of a line", Where.CLAIM, True, _pointers),
    Check("MEDICARE_S_CODE", "S codes to Medicare", Where.CONTRACT, True, _medicare_per_diem, to_medicare),
    Check("THREE_PARTS", "Days, drugs and visits together", Where.CLAIM, False, _three_parts),
)
