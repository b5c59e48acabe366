"""Checks of what must stand behind a claim: orders, deliveries with proof, authorizations, and the calendar."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise

from infusion_desktop.billing.rules.checks.facts import (
    Check,
    ClaimFacts,
    Told,
    Where,
    has_goods_or_visits,
    to_medicare,
)
from infusion_desktop.billing.rules.counted import ServiceLine
from infusion_desktop.billing.rules.delivered import Delivered
from infusion_desktop.billing.rules.rule_set import ServiceDate
from infusion_desktop.billing.words import LineKind
from infusion_desktop.dates import ONE_DAY, Days, runs_of, show_day, show_days
from infusion_desktop.deliveries.rules import RefillRule, contact_from, delivery_from, refill_rule_on
from infusion_desktop.identifiers import is_npi


def _order(facts: ClaimFacts) -> Iterator[Told]:
    for line in _therapy_lines(facts):
        mine = [order.days for order in facts.orders if order.therapy_id == line.therapy_id]
        if uncovered := _not_in(line, mine):
            days = _show_runs(uncovered)
            yield f"{line.label} has no order for {days}. Enter the prescriber's order.", line.number


def _order_signed(facts: ClaimFacts) -> Iterator[Told]:
    """A payer pays nothing on a spoken order: the signed one is there before the claim leaves (CGS: written orders)."""
    billed = {line.therapy_id: line for line in reversed(facts.lines)}
    for order in facts.orders:
        line = billed.get(order.therapy_id)
        if line is not None and (order.signed_on is None or order.signed_on > facts.today):
            begun = show_day(order.days.first)
            told = f"{line.label}: the order that began on {begun} is not signed. Get the prescriber's signature"
            yield f"{told}, or let the rest of the claim go.", line.number


def _prescriber(facts: ClaimFacts) -> Iterator[Told]:
    if not [order for order in facts.orders if order.prescriber]:
        yield "The claim names no prescriber. Enter the prescriber on the therapy."


def _prescriber_npi(facts: ClaimFacts) -> Iterator[Told]:
    if [order for order in facts.orders if order.prescriber and not is_npi(order.prescriber_npi)]:
        yield "A prescriber's NPI is missing or its check digit is wrong. Correct it at the prescriber."


def _diagnosis(facts: ClaimFacts) -> Iterator[Told]:
    if not facts.diagnoses:
        yield "The claim has no diagnosis. Enter the therapy's diagnosis."


def _diagnosis_form(facts: ClaimFacts) -> Iterator[Told]:
    for code in facts.diagnoses:
        plain = code.replace(".", "").upper()
        if not (3 <= len(plain) <= 7 and plain[0].isalpha() and plain[1].isdigit() and plain.isalnum()):
            yield "A diagnosis is not an ICD-10-CM code (a letter, a digit, then up to five more). Correct it."
    if len(facts.diagnoses) > 12:
        yield "A claim takes at most twelve diagnoses. Remove the least important."


def _proof(facts: ClaimFacts) -> Iterator[Told]:
    """Without a signed proof of delivery a payer takes the money back (Noridian: keep proofs for seven years)."""
    if not _asks_for_proof(facts):
        return
    for delivery in facts.deliveries:
        if delivery.signed_on is None and _serves_a_line(facts, delivery):
            yield f"Delivery {delivery.number} has no proof of delivery. Record who received it and when."


def _proof_in_part(facts: ClaimFacts) -> Iterator[Told]:
    """Another payer may ask for the same as Medicare at an audit: told, not stopped."""
    if not facts.coverage.is_medicare:
        yield from _proof_gaps(facts)


def _proof_gaps(facts: ClaimFacts) -> Iterator[Told]:
    """Name, relation, signature and its day: without them Medicare takes the money back (CMS, proof of delivery)."""
    if not _asks_for_proof(facts):
        return
    for delivery in facts.deliveries:
        if delivery.gaps and delivery.signed_on is not None and _serves_a_line(facts, delivery):
            yield from (f"Delivery {delivery.number}: {sentence}" for sentence in delivery.gaps)


def _proof_by_staff(facts: ClaimFacts) -> Iterator[Told]:
    if not _asks_for_proof(facts):
        return
    for delivery in facts.deliveries:
        if delivery.signed_by_staff and _serves_a_line(facts, delivery):
            yield f"Delivery {delivery.number} was signed by the pharmacy's staff. Get the patient's or another's name."


def _asks_for_proof(facts: ClaimFacts) -> bool:
    """Not for visits alone: who bills the pump and the drug proves their delivery."""
    return facts.rules is None or facts.rules.delivery_proof_required


def _service_date(facts: ClaimFacts) -> Iterator[Told]:
    """Signed on the 12th and billed on the 10th is a denial where the delivery is the date of service (Noridian)."""
    if facts.rules is None or facts.rules.service_date is ServiceDate.THERAPY_DAY:
        return
    shipped = facts.rules.service_date is ServiceDate.SHIP
    wanted = {each.shipped_on if shipped else each.delivered_on for each in facts.deliveries}
    for line in facts.lines:
        if line.kind in (LineKind.DRUG, LineKind.SUPPLY) and line.days.first not in wanted and _is_goods(facts, line):
            word = "ship" if shipped else "delivery"
            told = (
                f"{line.label} is dated {show_day(line.days.first)}, which is no {word} date. Correct the line's day."
            )
            yield told, line.number


def _is_goods(facts: ClaimFacts, line: ServiceLine) -> bool:
    """Rents and weekly supplies are dated by the rental month and the week, not by a delivery."""
    row = facts.codes.find(line.code)
    return "RR" not in line.modifiers and (row is None or row.unit != "week")


def _days_without_supply(facts: ClaimFacts) -> Iterator[Told]:
    for line in _therapy_lines(facts):
        supplied = [each.supply for each in facts.deliveries if each.serves(line.therapy_id)]
        if uncovered := _not_in(line, supplied):
            days = _show_runs(uncovered)
            yield f"{line.label}: no delivery covers {days}. Enter the delivery or the interruption.", line.number


def _drug_short(facts: ClaimFacts) -> Iterator[Told]:
    """A day of therapy without its drug is no day: the patient may have had some left, or the day is not owed."""
    for delivery in facts.deliveries:
        if delivery.short and _serves_a_line(facts, delivery):
            for drug in delivery.short:
                yield (
                    f"Delivery {delivery.number} went without {drug}, and none was sent since."
                    f" See that {show_days(delivery.supply)} were infused, or enter the interruption."
                )


def _visit_beside_drug(facts: ClaimFacts) -> Iterator[Told]:
    """Medicare pays its infusion visits only near the drug (home IVIG: 30 days; services: our default)."""
    for line in facts.lines:
        row = facts.codes.find(line.code)
        within = row and (row.facts.get("drug_within_days") or row.facts.get("drug_jcode_within_days"))
        if not within:
            continue
        earliest = line.days.first - timedelta(days=int(within))
        came = [each.delivered_on for each in facts.deliveries if each.serves(line.therapy_id)]
        if not any(earliest <= day <= line.days.last for day in came):
            told = f"{line.label}: no drug was delivered in the {within} days before. Medicare pays it only beside one."
            yield told, line.number


def _days_supply(facts: ClaimFacts) -> Iterator[Told]:
    """Some payers limit the days a delivery may supply (Michigan: 7, 10 over a holiday weekend)."""
    for delivery in facts.deliveries:
        rule = _refill_rule(facts, delivery)
        most = 0 if rule is None else rule.most_days
        if most and len(delivery.supply) > most and _serves_a_line(facts, delivery):
            yield f"Delivery {delivery.number} supplies {len(delivery.supply)} days; the payer allows {most}."


def _early_refill(facts: ClaimFacts) -> Iterator[Told]:
    """Refills come no earlier than so many days before the supply ends (Medicare since January 2024: 10)."""
    for before, after in _refills(facts):
        rule = _refill_rule(facts, after)
        if rule is None:
            continue
        earliest = delivery_from(rule, before.supply.last)
        if after.delivered_on < earliest:
            yield (
                f"Delivery {after.number} came on {show_day(after.delivered_on)}, before {show_day(earliest)}, the "
                "earliest day the payer takes for a refill."
            )


def _refill_contact(facts: ClaimFacts) -> Iterator[Told]:
    """A refill rests on what was left, asked within the payer's window (Medicare: 30 days before the end)."""
    for before, after in _refills(facts):
        rule = _refill_rule(facts, after)
        if rule is None:
            continue
        if after.counted_on is None:
            if rule.count_required:
                yield f"Delivery {after.number} is a refill without a count of what was left. Enter the refill call."
            continue
        earliest = contact_from(rule, before.supply.last, after.delivered_on)
        if after.counted_on < earliest:
            yield (
                f"The refill call for delivery {after.number} was on {show_day(after.counted_on)}, before "
                f"{show_day(earliest)}, the earliest day the payer takes."
            )


def _refill_rule(facts: ClaimFacts, delivery: Delivered) -> RefillRule | None:
    """The payer's rule of the day it came: the one that held it, or did not, while it was planned."""
    return refill_rule_on(delivery.delivered_on, facts.refill_rules)


def _refills(facts: ClaimFacts) -> Iterator[tuple[Delivered, Delivered]]:
    """Deliveries of one therapy that follow each other."""
    by_therapy: dict[int | None, list[Delivered]] = {}
    for delivery in facts.deliveries:
        by_therapy.setdefault(delivery.therapy_id, []).append(delivery)
    for several in by_therapy.values():
        yield from pairwise(sorted(several, key=lambda each: (each.supply.first, each.number)))


def _authorization(facts: ClaimFacts) -> Iterator[Told]:
    for line in facts.per_diems if _needs_authorization(facts) else ():
        if not line.authorization:
            yield f"{line.label} has no authorization. Ask the payer for one and enter it.", line.number


def _needs_authorization(facts: ClaimFacts) -> bool:
    return facts.rules is not None and facts.rules.authorization_required


def _authorization_known(facts: ClaimFacts) -> Iterator[Told]:
    known = {each.number for each in facts.authorizations}
    for line in facts.lines:
        if line.authorization and line.authorization not in known:
            yield f"{line.label} names authorization {line.authorization}, which is not on file. Enter it.", line.number


def _authorization_days(facts: ClaimFacts) -> Iterator[Told]:
    for line in facts.lines:
        mine = [each.days for each in facts.authorizations if each.number == line.authorization]
        if mine and not any(days.first <= line.days.first and line.days.last <= days.last for days in mine):
            yield f"{line.label} lies outside the days of authorization {line.authorization}. Extend it.", line.number


def _authorization_units(facts: ClaimFacts) -> Iterator[Told]:
    for each in facts.authorizations:
        if each.units is None:
            continue
        lines = [line for line in facts.lines if line.authorization == each.number and each.code in ("", line.code)]
        over = each.used + sum(line.units for line in lines) - each.units
        if lines and over > 0:
            yield f"Authorization {each.number} is exceeded by {over:f} units. Ask for more or hold the last days."


def _inpatient(facts: ClaimFacts) -> Iterator[Told]:
    """Admission and discharge day may count by contract; the full days between must not be billed."""
    if facts.rules is not None and facts.rules.count_inpatient_day:
        return
    for line in facts.lines:
        inside = _days_in_hospital(line, facts)
        days = _dates(line) if not inside or not _is_weekly(facts, line) else (line.days.first,)
        if inside and (day := next((day for day in days if day in inside), None)):
            per_diem = line.kind is LineKind.PER_DIEM
            way = "Count again." if per_diem else "Correct the stay, or the delivery or visit of that day."
            yield f"{line.label} bills {show_day(day)}, a day in hospital. {way}", line.number


def _is_weekly(facts: ClaimFacts, line: ServiceLine) -> bool:
    """Whether a line bills weeks of supplies, which began at home; its span may hold days in hospital."""
    row = facts.codes.find(line.code)
    return row is not None and row.unit == "week"


def _spans_hospital(facts: ClaimFacts) -> Iterator[Told]:
    for line in facts.lines:
        if not _days_in_hospital(line, facts).issubset(_dates(line)):
            told = f"{line.label} spans days in hospital, although it does not bill them. Split the line there."
            yield told, line.number


def _gaps(facts: ClaimFacts) -> Iterator[Told]:
    """Days the calendar counts that no line bills: money left behind, or a day the calendar has wrong."""
    per_diems = _therapy_lines(facts)
    for therapy_id, days in sorted((facts.therapy_days or {}).items()):
        if missing := days.difference(*(_dates(line) for line in per_diems if line.therapy_id == therapy_id)):
            yield f"Therapy {therapy_id} has service days that no line bills: {_show_runs(missing)}. Count again."


def _not_on_the_calendar(facts: ClaimFacts) -> Iterator[Told]:
    for line in _therapy_lines(facts):
        known = (facts.therapy_days or {}).get(line.therapy_id or 0, frozenset())
        if not known.issuperset(_dates(line)):
            extra = set(_dates(line)) - known
            days = _show_runs(extra)
            yield f"{line.label} bills {days}, which the calendar does not count. Count again.", line.number


def _held(facts: ClaimFacts) -> Iterator[Told]:
    for line in facts.lines:
        if not line.held:
            continue
        says_so_itself = line.kind is LineKind.PER_DIEM and not line.authorization and _needs_authorization(facts)
        if not says_so_itself:
            yield f"{line.label} waits: {line.held}.", line.number


def _therapy_lines(facts: ClaimFacts) -> list[ServiceLine]:
    return [line for line in facts.per_diems if line.therapy_id is not None]


def _dates(line: ServiceLine) -> Iterable[date]:
    return line.dates or tuple(line.days)


def _not_in(line: ServiceLine, periods: Sequence[Days]) -> list[date]:
    """The line's service days that lie in none of the periods."""
    first, last = line.days.first, line.days.last
    for days in periods:
        if days.first <= first and last <= days.last:
            return []
    wanted = tuple(_dates(line))
    begin, end = wanted[0], wanted[-1]  # Days come in order.
    known = sorted([(days.first, days.last) for days in periods])
    for first, last in known:
        if first > begin:
            break
        if last >= end:
            return []
        if last >= begin:
            begin = last + ONE_DAY  # Orders or deliveries one after the other cover them.
    return [day for day in wanted if not any(first <= day <= last for first, last in known)]


def _was_in_hospital(facts: ClaimFacts) -> bool:
    return bool(facts.hospital_stays) or facts.still_in_hospital_since is not None


def _names_authorization(facts: ClaimFacts) -> bool:
    return any(line.authorization for line in facts.lines)


def _has_refill_rules(facts: ClaimFacts) -> bool:
    return bool(facts.refill_rules)


def _has_calendar(facts: ClaimFacts) -> bool:
    return facts.therapy_days is not None


def _days_in_hospital(line: ServiceLine, facts: ClaimFacts) -> set[date]:
    """The full days in hospital from the line's first through its last day."""
    stays = [(stay.first + ONE_DAY, stay.last - ONE_DAY) for stay in facts.hospital_stays]
    if facts.still_in_hospital_since is not None:
        stays.append((facts.still_in_hospital_since + ONE_DAY, line.days.last))
    inside = [(max(first, line.days.first), min(last, line.days.last)) for first, last in stays]
    return {day for first, last in inside if first <= last for day in Days(first, last)}


def _serves_a_line(facts: ClaimFacts, delivery: Delivered) -> bool:
    first, last = delivery.supply.first, delivery.supply.last
    for line in facts.lines:
        days = line.days
        if days.first <= last and first <= days.last and (line.therapy_id is None or delivery.serves(line.therapy_id)):
            return True
    return False


def _show_runs(days: Iterable[date]) -> str:
    return ", ".join(show_day(run.first) if len(run) == 1 else show_days(run) for run in runs_of(days))


CHECKS = (
    Check("ORDER", "An order for every day", Where.THERAPY, True, _order),
    Check("ORDER_SIGNED", "The order's signature", Where.THERAPY, True, _order_signed),
    Check("PRESCRIBER", "The prescriber", Where.THERAPY, True, _prescriber),
    Check("PRESCRIBER_NPI", "The prescriber's NPI", Where.PRESCRIBER, True, _prescriber_npi),
    Check("DIAGNOSIS", "A diagnosis", Where.THERAPY, True, _diagnosis),
    Check("DIAGNOSIS_FORM", "Diagnoses as the claim takes them", Where.THERAPY, True, _diagnosis_form),
    Check("PROOF", "Proof of delivery", Where.DELIVERY, True, _proof),
    Check("PROOF_MEDICARE", "Proof of delivery as Medicare wants it", Where.DELIVERY, True, _proof_gaps, to_medicare),
    Check("PROOF_IN_PART", "Proof of delivery in full", Where.DELIVERY, False, _proof_in_part),
    Check("PROOF_BY_STAFF", "Proof signed by the pharmacy's staff", Where.DELIVERY, True, _proof_by_staff),
    Check("SERVICE_DATE", "The date of service of goods", Where.CLAIM, True, _service_date, has_goods_or_visits),
    Check("NO_SUPPLY", "Days without supply", Where.DELIVERY, True, _days_without_supply),
    Check("DRUG_SHORT", "A drug that was not sent", Where.DELIVERY, False, _drug_short),
    Check("VISIT_DRUG", "A visit beside its drug", Where.DELIVERY, False, _visit_beside_drug, to_medicare),
    Check("DAYS_SUPPLY", "The most days a delivery supplies", Where.DELIVERY, False, _days_supply, _has_refill_rules),
    Check("EARLY_REFILL", "A refill too early", Where.DELIVERY, False, _early_refill, _has_refill_rules),
    Check("REFILL_CONTACT", "The refill call", Where.DELIVERY, False, _refill_contact, _has_refill_rules),
    Check("AUTHORIZATION", "An authorization", Where.AUTHORIZATION, True, _authorization),
    Check(
        "AUTHORIZATION_UNKNOWN", "An authorization that is on file", Where.AUTHORIZATION, True, _authorization_known,
        _names_authorization,
    ),
    Check(
        "AUTHORIZATION_DAYS", "The authorization's days", Where.AUTHORIZATION, True, _authorization_days,
        _names_authorization,
    ),
    Check(
        "AUTHORIZATION_UNITS", "The authorization's units", Where.AUTHORIZATION, True, _authorization_units,
        _names_authorization,
    ),
    Check("INPATIENT", "Billed days in hospital", Where.CALENDAR, True, _inpatient, _was_in_hospital),
    Check("SPANS_HOSPITAL", "A span over a hospital stay", Where.CLAIM, False, _spans_hospital, _was_in_hospital),
    Check("GAPS", "Service days that are not billed", Where.CALENDAR, False, _gaps, _has_calendar),
    Check(
        "NOT_ON_CALENDAR", "Billed days the calendar does not count", Where.CALENDAR, True, _not_on_the_calendar,
        _has_calendar,
    ),
    Check("HELD", "Lines the day engine holds", Where.CLAIM, True, _held),
)  # fmt: skip
