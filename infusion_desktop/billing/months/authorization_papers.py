"""Fills the request for an authorization: therapies as ordered, the codes they are billed with, days and units."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_UP, Decimal
from typing import TYPE_CHECKING

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.months.counting import count_month, the_contract
from infusion_desktop.billing.months.month_facts import month_facts
from infusion_desktop.billing.papers import letterhead, printed
from infusion_desktop.billing.terms.authorizations import authorizations
from infusion_desktop.billing.terms.code_table import code_table
from infusion_desktop.billing.terms.contracts import rules_on
from infusion_desktop.billing.words import LineKind
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, show_day
from infusion_desktop.errors import Refused
from infusion_desktop.identifiers import show_zip
from infusion_desktop.patients.openings import tell_papers
from infusion_desktop.patients.tables import Coverage, Episode, Patient, Payer, Prescriber, Therapy
from infusion_desktop.patients.words import CoverageId, PatientId, PayerId

if TYPE_CHECKING:
    from reports.authorization_request import RequestedCode, RequestedTherapy

LOOK_BACK = timedelta(days=60)


def print_request(
    database: Database,
    patient: PatientId,
    payer: PayerId,
    days: Days,
    by: UserId,
    note: str = "",
    override: str = "",
) -> bytes:
    """The request for somebody who prints it; AsksWhy where the patient's record is restricted."""
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_PATIENTS)
        tell_papers(session, "authorization request", [(patient, patient)], by, override)
        record(session, by, "print authorization request", "patient", patient, patient_id=patient)
    with database.reading() as session:
        return authorization_request(session, patient, payer, days, by, note)


def authorization_request(
    session: Session, patient: PatientId, payer: PayerId, days: Days, by: UserId, note: str = ""
) -> bytes:
    """The request to a payer for the days a patient's therapies run, as a PDF.

    The codes and units are those the payer's own rules count for these days as if nothing were authorized. Refused
    when no therapy runs in them, or the patient is not insured there.
    """
    from reports import authorization_request as paper

    person = session.get_one(Patient, patient)
    insurer = session.get_one(Payer, payer)
    coverage = session.scalars(
        select(Coverage)
        .where(Coverage.patient_id == patient, Coverage.payer_id == payer, Coverage.starts_on <= days.last)
        .where(or_(Coverage.ends_on.is_(None), Coverage.ends_on >= days.first))
        .order_by(Coverage.rank, Coverage.id)
    ).first()
    if coverage is None:
        raise Refused(f"The patient is not insured with {insurer.name} on these days. Look at the coverage.")
    therapies, diagnoses = _therapies(session, patient, days)
    if not therapies:
        raise Refused("No therapy runs on these days. Choose the days of the therapy.")
    known = authorizations(session, patient, payer)
    earlier = "\n".join(
        f"{use.allowed.number}: {use.allowed.code or 'any code'}, {show_day(use.allowed.first_on)} to "
        f"{show_day(use.allowed.last_on)}, {(use.used + use.held).normalize():f} of "
        f"{use.allowed.units or 'unlimited'} units used."
        for use in known[:6]
    )
    request = paper.AuthorizationRequest(
        letterhead(session), printed(session, by), person.number, insurer.name,
        tuple(filter(None, (insurer.street, _town(insurer.city, insurer.state, insurer.zip)))),
        f"{person.last_name}, {person.first_name}", person.born_on, coverage.member_id, coverage.group_number,
        tuple(filter(None, (person.street, _town(person.city, person.state, person.zip)))), diagnoses, therapies,
        _codes(session, patient, payer, CoverageId(coverage.id), days), earlier, note,
    )  # fmt: skip
    return paper.render(request)


def _town(city: str, state: str, code: str) -> str:
    return f"{city}, {state} {show_zip(code)}".strip(", ") if city else ""


def _therapies(
    session: Session, patient: PatientId, days: Days
) -> tuple[tuple["RequestedTherapy", ...], tuple[str, ...]]:
    from reports.authorization_request import RequestedTherapy

    rows = session.execute(
        select(Therapy, Prescriber, Episode.diagnoses)
        .join(Prescriber, Prescriber.id == Therapy.prescriber_id)
        .join(Episode, Episode.id == Therapy.episode_id)
        .where(Therapy.patient_id == patient, Therapy.starts_on <= days.last)
        .where(or_(Therapy.stops_on.is_(None), Therapy.stops_on >= days.first))
        .order_by(Therapy.starts_on, Therapy.id)
    ).all()
    found = tuple(
        RequestedTherapy(
            therapy.drug,
            f"{therapy.route.value}, {therapy.method.value}, every {therapy.interval_hours} hours",
            therapy.starts_on,
            therapy.stops_on,
            f"{prescriber.first_name} {prescriber.last_name}".strip(),
            prescriber.npi,
        )
        for therapy, prescriber, _ in rows
    )
    return found, tuple(dict.fromkeys(code for row in rows for code in row.diagnoses.split()))


def _codes(
    session: Session, patient: PatientId, payer: PayerId, coverage: CoverageId, days: Days
) -> tuple["RequestedCode", ...]:
    from reports.authorization_request import RequestedCode

    units: dict[tuple[str, str], tuple[date, date, Decimal]] = {}
    described: dict[tuple[str, str], str] = {}
    rules_on(session, payer, days.first)  # Refused in the payer's name where no rules are in force.
    contract = the_contract(session, payer)
    free = tuple(replace(each, rules=replace(each.rules, authorization_required=False)) for each in contract.versions)
    for month in days.by_month():
        for line in count_month(session, patient, month, coverage, by=replace(contract, versions=free)).lines:
            if line.kind is not LineKind.PER_DIEM:
                continue
            key = line.code, " ".join(line.modifiers)
            first, last, taken = units.get(key, (line.days.first, line.days.last, Decimal(0)))
            units[key] = min(first, line.days.first), max(last, line.days.last), taken + line.units
            row = code_table().find(line.code)
            described[key] = row.description if row is not None else line.description
    if not units:
        return _goods(session, patient, days)
    return tuple(
        RequestedCode(code, worn, described[code, worn], first, last, int(taken))
        for (code, worn), (first, last, taken) in sorted(units.items(), key=lambda each: (each[1][0], each[0]))
    )


def _goods(session: Session, patient: PatientId, days: Days) -> tuple["RequestedCode", ...]:
    """Where a payer pays no per diem: the codes of what was last delivered, and of the pumps in the home."""
    from reports.authorization_request import RequestedCode

    facts = month_facts(session, patient, Days(days.first - LOOK_BACK, days.first))
    found: dict[str, RequestedCode] = {}
    for goods in sorted(facts.goods, key=lambda each: each.delivery.delivered_on):
        units = int((goods.hcpcs_per_unit * goods.quantity).to_integral_value(ROUND_UP))
        found[goods.hcpcs] = RequestedCode(goods.hcpcs, "", goods.name, days.first, days.last, units)
    for home in facts.homes:
        if home.last_on is None and home.sold_on is None:
            row = code_table().find(home.code)
            described = row.description if row is not None else "Equipment in the home"
            months = len(days.by_month())
            found[home.code] = RequestedCode(home.code, "RR", described, days.first, days.last, months)
    return tuple(found[code] for code in sorted(found))
