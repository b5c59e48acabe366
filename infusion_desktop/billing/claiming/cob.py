"""What the payers before decided, as the claim to the next payer must repeat it (837P loops 2320, 2330, 2430).

Balances after X12's published answers 1294 and 1115: line charge = paid + line adjustments; the payer's payment = sum
of its lines less its claim adjustments.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.billing.money.decisions import standing_decisions
from infusion_desktop.billing.money.money_tables import LineDecision, PayerDecision
from infusion_desktop.billing.money.posting import cuts_of
from infusion_desktop.billing.rules.posting import Cut
from infusion_desktop.billing.tables import Claim, ClaimLine
from infusion_desktop.billing.words import ClaimId
from infusion_desktop.edi import claim_data as edi
from infusion_desktop.edi.adjustments import Adjustment, total
from infusion_desktop.errors import Refused
from infusion_desktop.money import ZERO
from infusion_desktop.patients.tables import Coverage, Patient, Payer
from infusion_desktop.patients.words import Relation

PATIENT_GROUP = "PR"


@dataclass(frozen=True, slots=True)
class EarlierPayer:
    """A payer before with its decision: ``lines`` by our line's position, empty when it decided the whole claim."""

    payer: edi.OtherPayer
    lines: Mapping[int, edi.LineAdjudication]

    def of(self, positions: Sequence[int], whole: bool) -> edi.OtherPayer:
        """The payer as a claim with these lines names it; part of a split claim says what its own lines were paid."""
        if not self.lines:
            if not whole:
                raise Refused("The payer before decided the claim as a whole: it cannot be split over several.")
            return self.payer
        results = [self.lines[each] for each in positions]
        at_claim = self.payer.adjustments if whole else ()
        paid = sum((each.paid for each in results), ZERO) - total(at_claim)
        owed = sum((each.patient_owes or ZERO for each in results), ZERO)
        return replace(self.payer, paid=paid, patient_owes=owed or None, adjustments=at_claim)


def repeats_lines(session: Session, claim: Claim) -> bool:
    """Whether a claim to a next payer has the lines of the one before, so that its result can be told line by line."""
    if claim.primary_id is None:
        return True
    wanted = select(ClaimLine.position, ClaimLine.code, ClaimLine.modifiers, ClaimLine.units, ClaimLine.charge)
    mine, first = (
        {tuple(row) for row in session.execute(wanted.where(ClaimLine.claim_id == each))}
        for each in (claim.id, claim.primary_id)
    )
    return mine == first


def earlier_payers(session: Session, claim: Claim) -> tuple[EarlierPayer, ...]:
    """Every payer before this claim's, the first one first; none for a claim to the first payer."""
    found: list[EarlierPayer] = []
    number = claim.primary_id
    by_line = repeats_lines(session, claim)
    while number is not None:
        before = session.get_one(Claim, number)
        earlier = _earlier(session, before)
        found.append(earlier if by_line else _as_a_whole(earlier))
        number = before.primary_id
    return tuple(reversed(found))


def _as_a_whole(earlier: EarlierPayer) -> EarlierPayer:
    """The result as one sum, for a claim with other lines than those it was decided by."""
    results = earlier.lines.values()
    if not results:
        return earlier
    cuts = sorted((*earlier.payer.adjustments, *(cut for each in results for cut in each.adjustments)), key=_by_group)
    return EarlierPayer(replace(earlier.payer, adjustments=tuple(cuts), paid_on=max(_days(earlier))), {})


def _by_group(cut: Adjustment) -> str:
    return cut.group


def _days(earlier: EarlierPayer) -> list[date]:
    return [each.paid_on for each in earlier.lines.values() if each.paid_on is not None]


def _earlier(session: Session, before: Claim) -> EarlierPayer:
    decisions = standing_decisions(session, ClaimId(before.id))
    payer = session.get_one(Payer, before.payer_id)
    if not decisions:
        raise Refused(f"{payer.name} has no standing decision on claim {before.number}. Read its remittance first.")
    coverage = session.get_one(Coverage, before.coverage_id)
    patient = session.get_one(Patient, before.patient_id)
    lines = _lines(session, before, decisions, payer.payer_code)
    if sum((each.charge for each in decisions), ZERO) != before.charge:
        raise Refused(f"{payer.name} decided only a part of claim {before.number}. Post the rest of its result first.")
    at_claim = _adjustments([cut for each in decisions for cut in cuts_of(each.adjustments)])
    owed = sum((each.patient_owes for each in decisions), ZERO)
    remarks = dict.fromkeys(code for each in decisions for code in each.remarks.split())
    return EarlierPayer(
        edi.OtherPayer(
            name=payer.name,
            identifier=payer.payer_code,
            rank=coverage.rank.value,
            holder=_holder(coverage, patient),
            member_id=coverage.member_id,
            kind=payer.kind.value,
            relation=coverage.relation.value,
            group_number=coverage.group_number,
            paid=sum((each.paid for each in decisions), ZERO),
            adjustments=at_claim,
            patient_owes=owed or None,
            remarks=tuple(remarks)[:5],
            paid_on=None if lines else decisions[-1].decided_on,
            claim_control=decisions[0].payer_claim_number,
        ),
        lines,
    )


def _holder(coverage: Coverage, patient: Patient) -> edi.Name:
    if coverage.relation is Relation.SELF:
        return edi.Name(patient.last_name, patient.first_name, patient.middle_name)
    return edi.Name(coverage.holder_last_name, coverage.holder_first_name)


def _lines(
    session: Session, before: Claim, decisions: Sequence[PayerDecision], payer: str
) -> dict[int, edi.LineAdjudication]:
    rows = session.execute(
        select(LineDecision, ClaimLine.position)
        .outerjoin(ClaimLine, ClaimLine.id == LineDecision.line_id)
        .where(LineDecision.decision_id.in_([each.id for each in decisions]))
        .order_by(LineDecision.id)
    ).all()
    if not rows:
        return {}
    days = {each.id: each.decided_on for each in decisions}
    lines: dict[int, edi.LineAdjudication] = {}
    for row, position in rows:
        if position is None or position in lines:
            raise Refused(
                f"A line of the result on claim {before.number} is not one of its lines (or is there twice). "
                "Send this claim to the next payer on paper."
            )
        lines[position] = _line(row, payer, days[row.decision_id])
    missing = session.scalars(
        select(ClaimLine.position).where(ClaimLine.claim_id == before.id, ClaimLine.position.not_in(lines))
    ).all()
    if missing:
        raise Refused(f"The result on claim {before.number} says nothing about line {missing[0]}. Ask that payer.")
    return lines


def _line(row: LineDecision, payer: str, paid_on: date) -> edi.LineAdjudication:
    cuts = cuts_of(row.adjustments)
    owed = sum((cut.amount for cut in cuts if cut.group == PATIENT_GROUP), Decimal(0))
    return edi.LineAdjudication(
        payer, row.paid, row.code, row.units, paid_on, _adjustments(cuts), tuple(row.modifiers.split()),
        owed if owed > ZERO else None,
    )  # fmt: skip


def _adjustments(cuts: Sequence[Cut]) -> tuple[Adjustment, ...]:
    ordered = sorted(cuts, key=lambda cut: cut.group)
    return tuple(Adjustment(cut.group, cut.reason, cut.amount, cut.quantity) for cut in ordered)
