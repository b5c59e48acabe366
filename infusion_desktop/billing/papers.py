"""Fill the claim summary: one claim, a patient's month, or all patients of a payer's month."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.pharmacy import profile
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.billing.queries import ClaimPage, LineRow, claim_page
from infusion_desktop.billing.rules.checks.sending import filing_deadline, has_filing_limit
from infusion_desktop.billing.tables import Claim
from infusion_desktop.billing.terms.authorizations import authorizations
from infusion_desktop.billing.terms.contracts import rules_on
from infusion_desktop.billing.words import ClaimId, ClaimState, LineKind
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, local_day, now_utc, runs_of, show_day
from infusion_desktop.deliveries.tables import Delivery, ProofOfDelivery
from infusion_desktop.errors import Refused
from infusion_desktop.identifiers import show_phone, show_zip
from infusion_desktop.patients.openings import tell_papers
from infusion_desktop.patients.tables import Coverage, Patient, Payer, Prescriber, Therapy

if TYPE_CHECKING:
    from reports import claim_summary as paper
    from reports.paper import Letterhead, Printed

_RANKS = {"P": "Primary", "S": "Secondary", "T": "Tertiary"}


def print_claim_summaries(
    database: Database, month: Days, by: UserId, *, payer: str = "", patient: str = "", override: str = ""
) -> bytes:
    """The summaries of a month for somebody who prints them; AsksWhy where a patient's record is restricted."""
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_BILLING)
        chosen = _chosen(session, month, payer, patient)
        papers = [(claim, patient_id) for patient_id, claims in chosen.items() for claim in claims]
        tell_papers(session, "claim summary", papers, by, override)
        record(session, by, "print claim summaries", "claims", after={"month": month.first, "claims": len(papers)})
    with database.reading() as session:
        return claim_summary(session, month, by, payer=payer, patient=patient)


def print_claim_summary(database: Database, claim: ClaimId, by: UserId, override: str = "") -> bytes:
    """The summary of one claim for somebody who prints it; AsksWhy where the patient's record is restricted."""
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_BILLING)
        patient = claim_page(session, claim).row.patient_id
        tell_papers(session, "claim summary", [(claim, patient)], by, override)
        record(session, by, "print claim summary", "claim", claim, patient_id=patient)
    with database.reading() as session:
        return claim_summary_of(session, claim, by)


def claim_summary(session: Session, month: Days, by: UserId, *, payer: str = "", patient: str = "") -> bytes:
    """The summaries of a month as one PDF: of a patient (number), of a payer (name), of both, or of everybody.

    Refused when no claim was counted for them in the month.
    """
    chosen = _chosen(session, month, payer, patient)
    return _render([_summary(session, number, claims, month, by) for number, claims in chosen.items()])


def _chosen(session: Session, month: Days, payer: str, patient: str) -> dict[int, list[ClaimId]]:
    """The claims of a month by patient, for a payer, a patient, both or everybody; Refused when there is none."""
    wanted = (
        select(Claim.id, Claim.patient_id)
        .join(Patient, Patient.id == Claim.patient_id)
        .join(Payer, Payer.id == Claim.payer_id)
        .where(Claim.period_first <= month.last, Claim.period_last >= month.first, Claim.state != ClaimState.VOIDED)
    )
    if patient:
        wanted = wanted.where(Patient.number == patient.strip().upper())
    if payer:
        wanted = wanted.where(or_(Payer.name == payer.strip(), Payer.payer_code == payer.strip()))
    by_patient: dict[int, list[ClaimId]] = defaultdict(list)
    for row in session.execute(wanted.order_by(Patient.last_name, Patient.first_name, Patient.id, Claim.id)):
        by_patient[row.patient_id].append(ClaimId(row.id))
    if not by_patient:
        raise Refused("No claim was counted for this choice in this month. Count the month first.")
    return by_patient


def claim_summary_of(session: Session, claim: ClaimId, by: UserId) -> bytes:
    """The summary of one claim as a PDF."""
    return _render([summary_of(session, claim, by)])


def summary_of(session: Session, claim: ClaimId, by: UserId) -> "paper.ClaimSummary":
    """What the summary of one claim shows."""
    row = claim_page(session, claim).row
    return _summary(session, row.patient_id, [claim], row.period, by)


def _render(summaries: Sequence["paper.ClaimSummary"]) -> bytes:
    from reports.claim_summary import render_batch

    return render_batch(summaries)


def _summary(
    session: Session, patient: int, claims: Iterable[ClaimId], period: Days, by: UserId
) -> "paper.ClaimSummary":
    from reports import claim_summary as paper

    row = session.get_one(Patient, patient)
    address = (row.street, row.street_2, f"{row.city}, {row.state} {show_zip(row.zip)}")
    return paper.ClaimSummary(
        letterhead(session),
        printed(session, by),
        paper.Patient(
            f"{row.last_name}, {row.first_name} {row.middle_name}".strip(),
            row.number,
            row.born_on,
            tuple(line for line in address if line),
        ),
        period.first,
        period.last,
        tuple(_claim(session, claim) for claim in claims),
    )


def letterhead(session: Session) -> "Letterhead":
    """The pharmacy as papers are headed; Refused before its profile was entered."""
    from reports.paper import Letterhead

    ours = profile(session)
    if ours is None:
        raise Refused("The pharmacy's own name and address are missing. Enter them in Office, Pharmacy first.")
    lines = (ours.street, ours.street_2, f"{ours.city}, {ours.state} {show_zip(ours.zip)}")
    return Letterhead(
        ours.name,
        tuple(line for line in lines if line),
        show_phone(ours.phone),
        show_phone(ours.fax),
        ours.npi,
        ours.tax_id,
    )


def printed(session: Session, by: UserId) -> "Printed":
    """When and by whom a paper is printed: now."""
    from reports.paper import Printed

    return Printed(now_utc().astimezone(), session.scalar(select(Staff.name).where(Staff.id == by)) or "")


def _claim(session: Session, claim: ClaimId) -> "paper.Claim":
    from reports import claim_summary as paper

    page = claim_page(session, claim)
    row = session.get_one(Claim, claim)
    return paper.Claim(
        page.row.number,
        page.row.state.value,
        _coverage(session, row, page.rules),
        tuple(_line(line) for line in page.lines),
        _authorizations(session, page),
        _calendars(session, page),
        _deliveries(session, page),
        tuple(each.sentence for each in page.findings if each.stops),
        page.diagnoses,
        _prescribers(session, page),
        page.lines[0].place if page.lines else "",
        page.rules,
        _file_by(session, page),
    )


def _coverage(session: Session, claim: Claim, rules: str) -> "paper.CoverageShown":
    from reports import claim_summary as paper

    coverage = session.get_one(Coverage, claim.coverage_id)
    payer = session.get_one(Payer, claim.payer_id)
    return paper.CoverageShown(
        payer.name,
        coverage.member_id,
        _RANKS[coverage.rank.value],
        coverage.group_number,
        coverage.relation.name.replace("_", " ").lower(),
        payer.payer_code,
        rules,
    )


def _line(line: LineRow) -> "paper.ServiceLine":
    from reports import claim_summary as paper

    kinds = {
        LineKind.PER_DIEM: paper.LineKind.PER_DIEM,
        LineKind.DRUG: paper.LineKind.DRUG,
        LineKind.NURSING: paper.LineKind.NURSING,
        LineKind.SUPPLY: paper.LineKind.OTHER,
    }
    return paper.ServiceLine(
        number=line.position,
        kind=kinds[line.kind],
        code=line.code,
        description=line.description,
        first=line.days.first,
        last=line.days.last,
        units=line.units.normalize(),
        charge=line.charge,
        modifiers=line.modifiers,
        unit="day" if line.kind is LineKind.PER_DIEM else "unit",
        rate=line.rate,
        expected=line.expected,
        ndc=line.ndc,
        authorization=line.authorization,
        trace=tuple(_trace(line)),
    )


def _trace(line: LineRow) -> Iterable["paper.TraceStep"]:
    """First which days which delivery covers, then the sentences of the count."""
    from reports import claim_summary as paper

    by_delivery: dict[tuple[str, bool], list[date]] = defaultdict(list)
    for unit in line.evidence if line.kind is LineKind.PER_DIEM else ():
        by_delivery[unit.delivery, unit.proven].append(unit.day)
    for (delivery, proven), days in by_delivery.items():
        proof = "proof on file" if proven else "no proof on file"
        what = f"Delivery {delivery}, {proof}" if delivery else "No delivery"
        for run in runs_of(days):
            yield paper.TraceStep(run.first, run.last, len(run), "days with access to the therapy", what)
    for sentence in line.sentences:
        yield paper.TraceStep(None, None, None, sentence)


def _authorizations(session: Session, page: ClaimPage) -> tuple["paper.AuthorizationShown", ...]:
    from reports import claim_summary as paper

    named = {line.authorization for line in page.lines if line.authorization}
    return tuple(
        paper.AuthorizationShown(
            use.allowed.number,
            use.allowed.code or "any code",
            use.allowed.first_on,
            use.allowed.last_on,
            use.allowed.units,
            use.used + use.held,
            use.left,
        )
        for use in authorizations(session, page.row.patient_id, page.row.payer_id)
        if use.allowed.number in named
    )


def _calendars(session: Session, page: ClaimPage) -> tuple["paper.TherapyCalendar", ...]:
    from reports import claim_summary as paper

    days: dict[int, dict[date, paper.CalendarDay]] = defaultdict(dict)
    names: dict[int, str] = {}
    for each in page.left_out:
        names[each.therapy_id] = each.therapy
        for day in each.days:
            hospital = "hospital" in each.why or "hold" in each.why
            state = paper.DayState.INTERRUPTED if hospital else paper.DayState.NOT_COUNTED
            days[each.therapy_id][day] = paper.CalendarDay(day, state, "H" if "hospital" in each.why else "")
    arrived = _arrivals(session, page)
    for line in page.lines:
        for unit in line.evidence if line.kind is LineKind.PER_DIEM else ():
            if unit.therapy_id is not None:
                names[unit.therapy_id] = line.description
                mark = line.modifiers[0] if line.modifiers else ""
                days[unit.therapy_id][unit.day] = paper.CalendarDay(
                    unit.day, paper.DayState.COUNTED, mark, unit.day in arrived
                )
    return tuple(
        paper.TherapyCalendar(names[therapy], tuple(each for _, each in sorted(kept.items())), "H hospital")
        for therapy, kept in sorted(days.items())
    )


def _arrivals(session: Session, page: ClaimPage) -> set[date]:
    rows = session.scalars(select(Delivery.delivered_at).where(Delivery.id.in_(_delivery_ids(page))))
    return {local_day(each) for each in rows if each is not None}


def _delivery_ids(page: ClaimPage) -> set[int]:
    return {unit.delivery_id for line in page.lines for unit in line.evidence if unit.delivery_id is not None}


def _deliveries(session: Session, page: ClaimPage) -> tuple["paper.DeliveryCover", ...]:
    from reports import claim_summary as paper

    covered: dict[int, set[date]] = defaultdict(set)
    for line in page.lines:
        for unit in line.evidence:
            if line.kind is LineKind.PER_DIEM and unit.delivery_id is not None:
                covered[unit.delivery_id].add(unit.day)
    rows = session.scalars(select(Delivery).where(Delivery.id.in_(_delivery_ids(page))).order_by(Delivery.period_first))
    found = []
    for row in rows:
        proof = session.execute(
            select(ProofOfDelivery.received_by, ProofOfDelivery.relation, ProofOfDelivery.signed_on)
            .where(ProofOfDelivery.delivery_id == row.id)
            .order_by(ProofOfDelivery.id.desc())
            .limit(1)
        ).one_or_none()
        told = "none" if proof is None else f"{proof.received_by} ({proof.relation}), {show_day(proof.signed_on)}"
        day = None if row.delivered_at is None else local_day(row.delivered_at)
        found.append(
            paper.DeliveryCover(row.number, day, told, row.period_first, row.period_last, len(covered[row.id]))
        )
    return tuple(found)


def _prescribers(session: Session, page: ClaimPage) -> str:
    therapies = {unit.therapy_id for line in page.lines for unit in line.evidence if unit.therapy_id is not None}
    rows = session.execute(
        select(Prescriber.first_name, Prescriber.last_name, Prescriber.npi)
        .join(Therapy, Therapy.prescriber_id == Prescriber.id)
        .where(Therapy.id.in_(therapies))
        .distinct()
        .order_by(Prescriber.last_name, Prescriber.npi)
    )
    return "; ".join(f"{row.first_name} {row.last_name}, NPI {row.npi}" for row in rows)


def _file_by(session: Session, page: ClaimPage) -> date | None:
    if not page.lines:
        return None
    rules = rules_on(session, page.row.payer_id, page.row.period.first).rules
    if not has_filing_limit(rules):
        return None
    return min(filing_deadline(line.days, rules) for line in page.lines)
