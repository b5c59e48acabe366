"""What holds claims up, by reason, money and age, and where in the application each is put right."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from infusion_desktop.billing.findings import DENIALS, KeptFinding, holding_up
from infusion_desktop.billing.money.money_tables import Dispute
from infusion_desktop.billing.rules.checks.every_check import CHECKS
from infusion_desktop.billing.rules.checks.facts import Where
from infusion_desktop.billing.tables import Claim, ClaimLine
from infusion_desktop.billing.words import WORKING, ClaimId, ClaimState
from infusion_desktop.dates import Days
from infusion_desktop.deliveries.tables import Delivery, DeliveryLine
from infusion_desktop.money import ZERO
from infusion_desktop.patients.tables import Patient, Payer
from infusion_desktop.patients.words import PatientId, PayerId
from infusion_desktop.stock.tables import Item

_DELIVERY = re.compile(r"\bDelivery ([A-Z0-9-]+)")
_TITLES = {check.code: check.title for check in CHECKS} | {
    "REJECTED": "Refused before the payer decided",
    "DENIED": "Denied by the payer",
}


@dataclass(frozen=True, slots=True)
class Fix:
    """What to open to put a finding right, as `Desk.open` takes it."""

    kind: str
    record: int | str


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One finding of one claim. ``value`` is the claim's charge, ``age`` the days since its last day of service."""

    id: str
    code: str
    title: str
    sentence: str
    where: str
    stops: bool
    claim_id: ClaimId
    claim: str
    patient_id: PatientId
    patient: str
    payer_id: PayerId
    payer: str
    period: Days
    value: Decimal
    age: int
    fix: Fix


@dataclass(frozen=True, slots=True)
class WorkReason:
    """All findings of one check: how many claims wait for it, what they are worth, and for how long the oldest does."""

    code: str
    title: str
    where: str
    stops: bool
    claims: int
    value: Decimal
    oldest: int


def work(session: Session, on: date, *, payer: PayerId | None = None, month: Days | None = None) -> tuple[WorkRow, ...]:
    """Every finding of claims that wait, the stopping ones first, then by money and age."""
    wanted = (
        select(
            Claim.id, Claim.number, Claim.state, Claim.missing, Claim.charge, Claim.period_first, Claim.period_last,
            Claim.patient_id, (Patient.last_name + ", " + Patient.first_name).label("patient"), Claim.payer_id,
            Payer.name.label("payer"),
        )
        .join(Patient, Patient.id == Claim.patient_id)
        .join(Payer, Payer.id == Claim.payer_id)
        .where(Claim.state.in_((ClaimState.DRAFT, ClaimState.READY, ClaimState.REJECTED, ClaimState.DENIED)))
        .order_by(Claim.id)
    )  # fmt: skip
    if payer is not None:
        wanted = wanted.where(Claim.payer_id == payer)
    if month is not None:
        wanted = wanted.where(Claim.period_first <= month.last, Claim.period_last >= month.first)
    claims = session.execute(wanted).all()
    places = _Places(session)
    found = [each for row in claims for each in _of_claim(row, on, places)]
    return tuple(sorted(found, key=lambda each: (not each.stops, -each.value, -each.age, each.id)))


def reasons(rows: tuple[WorkRow, ...]) -> tuple[WorkReason, ...]:
    """The findings by check: what stops most money comes first."""
    groups: dict[str, list[WorkRow]] = {}
    for row in rows:
        groups.setdefault(row.code, []).append(row)
    found = []
    for code, group in groups.items():
        claims = {row.claim_id: row.value for row in group}
        oldest = max(row.age for row in group)
        money = sum(claims.values(), ZERO)
        found.append(WorkReason(code, group[0].title, group[0].where, group[0].stops, len(claims), money, oldest))
    return tuple(sorted(found, key=lambda each: (not each.stops, -each.value, each.code)))


class _Places:
    """Which deliveries and items stand behind findings and their lines; asked for only where a finding needs it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._numbers: dict[str, int | None] = {}

    def delivery(self, sentence: str, claim: int, line: int | None) -> int | None:
        """The delivery a finding names, else that of its line."""
        match = _DELIVERY.search(sentence)
        if match is None:
            return self._behind(claim, line)
        number = match[1]
        if number not in self._numbers:
            self._numbers[number] = self._session.scalar(select(Delivery.id).where(Delivery.number == number))
        return self._numbers[number]

    def item(self, claim: int, line: int | None) -> int | None:
        """The item of the catalogue that a line was billed from; None where no delivery stands behind it."""
        row = self._session.execute(
            select(ClaimLine.code, ClaimLine.ndc, ClaimLine.description, ClaimLine.delivery_id)
            .where(ClaimLine.claim_id == claim, ClaimLine.position == (line or 0))
        ).first()  # fmt: skip
        if row is None:
            return None
        sent = select(DeliveryLine.item_id).where(DeliveryLine.delivery_id == row.delivery_id)
        items = self._session.execute(
            select(Item.id, Item.name, Item.ndc).where(Item.hcpcs == row.code, Item.id.in_(sent)).order_by(Item.id)
        ).all()
        likely = min(items, key=lambda item: (item.name != row.description, item.ndc != row.ndc), default=None)
        return None if likely is None else likely.id

    def dispute(self, claim: int) -> int | None:
        """The denial of a claim with most money in it that somebody still works on."""
        return self._session.scalar(
            select(Dispute.id)
            .where(Dispute.claim_id == claim, Dispute.state.in_(WORKING))
            .order_by(Dispute.amount.desc(), Dispute.id)
            .limit(1)
        )

    def _behind(self, claim: int, line: int | None) -> int | None:
        row = self._session.execute(
            select(ClaimLine.delivery_id, ClaimLine.evidence).where(
                ClaimLine.claim_id == claim, ClaimLine.position == (line or 0)
            )
        ).first()
        return None if row is None else row.delivery_id or _first_delivery(row.evidence)


def _first_delivery(evidence: str) -> int | None:
    return next((unit["delivery"] for unit in json.loads(evidence)["units"] if unit["delivery"]), None)


def _of_claim(row: Row[*tuple[object, ...]], on: date, places: _Places) -> Iterator[WorkRow]:
    kept = row._mapping
    for place, told in enumerate(holding_up(kept["number"], kept["state"], kept["missing"])):
        yield WorkRow(
            f"{kept['id']}-{place}",
            told.code,
            _TITLES.get(told.code, told.code.replace("_", " ").lower()),
            told.sentence,
            told.where,
            told.stops,
            ClaimId(kept["id"]),
            kept["number"],
            PatientId(kept["patient_id"]),
            kept["patient"],
            PayerId(kept["payer_id"]),
            kept["payer"],
            Days(kept["period_first"], kept["period_last"]),
            kept["charge"],
            max(0, (on - kept["period_last"]).days),
            _fix(told, kept["id"], kept["patient_id"], kept["payer_id"], places),
        )


_PATIENTS_PAGE = frozenset(
    each.value
    for each in (
        Where.PATIENT, Where.COVERAGE, Where.PRESCRIBER, Where.THERAPY, Where.CALENDAR, Where.AUTHORIZATION,
        Where.DELIVERY,
    )
)  # fmt: skip


def _fix(told: KeptFinding, claim: int, patient: int, payer: int, places: _Places) -> Fix:
    """A delivery or item where one is named or stands behind the line, else the page the finding names."""
    where, sentence, line = told.where, told.sentence, told.line
    if where == Where.DELIVERY.value and (delivery := places.delivery(sentence, claim, line)) is not None:
        return Fix("delivery", delivery)
    if told.code == "WASTE" and (delivery := places.delivery(sentence, claim, line)) is not None:
        return Fix("waste", delivery)
    if where == Where.VISITS.value:
        return Fix("visits", patient)
    if where in _PATIENTS_PAGE:
        return Fix("patient", patient)
    if where == Where.CONTRACT.value:
        return Fix("payer", payer)
    if where == DENIALS and (dispute := places.dispute(claim)) is not None:
        return Fix("denial", dispute)
    if where == Where.PHARMACY.value:
        return Fix("pharmacy", 1)
    if where == Where.CATALOGUE.value and (item := places.item(claim, line)) is not None:
        return Fix("item", item)
    return Fix("claim", claim)


def fix_of(session: Session, claim: ClaimId, finding: KeptFinding) -> Fix:
    """What to open to put one finding of a claim right."""
    kept = session.get_one(Claim, claim)
    return _fix(finding, claim, kept.patient_id, kept.payer_id, _Places(session))
