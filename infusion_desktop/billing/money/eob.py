"""Type in a paper explanation of benefits: it becomes the same data as an 835 and is posted by the same rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.money.decisions import refuse_while_next_payer_billed, standing
from infusion_desktop.billing.money.deposits import NO_MONEY
from infusion_desktop.billing.money.matching import LINE_CONTROL
from infusion_desktop.billing.money.money_tables import LineDecision, PayerDecision
from infusion_desktop.billing.money.posting import cuts_of
from infusion_desktop.billing.money.remittances import Posted, post_advices
from infusion_desktop.billing.rules.posting import Cut, eob_cuts
from infusion_desktop.billing.tables import Claim, ClaimLine, Remittance, RemittanceItem
from infusion_desktop.billing.words import ClaimId, RemittanceId, Source
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.edi.adjustments import Adjustment
from infusion_desktop.edi.claim_data import Name
from infusion_desktop.edi.remittance_data import REVERSAL_STATUS, ClaimResult, LineResult, Party, ProviderAdjustment
from infusion_desktop.edi.remittance_data import Remittance as Advice
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.money import ZERO, show_money
from infusion_desktop.patients.tables import Payer
from infusion_desktop.patients.words import PayerId


@dataclass(frozen=True, slots=True)
class EobLine:
    """What the paper says about a line; ``reason`` explains what is neither paid nor the patient's ("197")."""

    line_id: int
    allowed: Decimal
    paid: Decimal
    deductible: Decimal = ZERO
    coinsurance: Decimal = ZERO
    copay: Decimal = ZERO
    group: str = "CO"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class EobClaim:
    """What the paper says about a claim."""

    claim_id: ClaimId
    lines: tuple[EobLine, ...]
    payer_claim_number: str = ""


@dataclass(frozen=True, slots=True)
class NewEob:
    """A paper with its check; ``interest`` and ``taken_back`` are the paper's amounts beside the claims."""

    payer_id: PayerId
    number: str
    paid_on: date
    amount: Decimal
    claims: tuple[EobClaim, ...]
    interest: Decimal = ZERO
    taken_back: Decimal = ZERO
    method: str = "CHK"


def post_eob(database: Database, new: NewEob, by: UserId, override: str = "", *, on: date | None = None) -> Posted:
    """Post what was typed; Refused when it does not add up to the check, naming line or difference."""
    with database.transaction() as session:
        authorize(session, by, Permission.POST_PAYMENT)
        advice = _advice(session, new)
        return post_advices(session, (advice,), by, override, on=on or today(), source=Source.PAPER)[0]


def take_back_paper(
    database: Database, remittance: RemittanceId, reason: str, by: UserId, *, on: date | None = None
) -> Posted:
    """Undo a paper that was typed in wrong, by a reversal of everything it said; both stay.

    Refused for files (the payer takes those back itself), when the paper was taken back already, and while a next payer
    is billed by what it said.
    """
    if not reason.strip():
        raise Refused("Say what was typed wrong.")
    with database.transaction() as session:
        authorize(session, by, Permission.POST_PAYMENT)
        paper = session.get(Remittance, remittance, with_for_update=True)
        if paper is None or paper.source is not Source.PAPER:
            raise Refused("Only a paper that was typed in is taken back here. A payer takes its files back itself.")
        decisions = session.scalars(standing().where(PayerDecision.remittance_id == remittance)).all()
        if not decisions:
            raise Refused(f"Payment {paper.trace_number} was taken back already.")
        refuse_while_next_payer_billed(session, [each.claim_id for each in decisions])
        advice = _reversal(session, paper, decisions)
        undoes = [each.id for each in decisions]
        deposit = paper.deposit_id
        if deposit is None:
            paper.method = NO_MONEY
        day = on or today()
        [posted] = post_advices(session, (advice,), by, reason, on=day, source=Source.PAPER, undoes=undoes)
        session.get_one(Remittance, posted.id).deposit_id = deposit
        record(session, by, "take back paper", "remittance", remittance, after={"reversal": posted.id}, reason=reason)
    return posted


def _reversal(session: Session, paper: Remittance, decisions: Sequence[PayerDecision]) -> Advice:
    items = session.scalars(select(RemittanceItem).where(RemittanceItem.remittance_id == paper.id)).all()
    plb = tuple(ProviderAdjustment(0, "", paper.paid_on, each.code, each.reference, each.amount) for each in items)
    claims = tuple(reversal_of(session, each, place) for place, each in enumerate(decisions, 1))
    amount = sum((each.paid for each in claims), ZERO) - sum((each.amount for each in plb), ZERO)
    return Advice(
        interchange_control="", group_control="", transaction_control="", version="", is_test=False, handling="I",
        amount=amount, method=NO_MONEY, paid_on=paper.paid_on, trace=f"{paper.trace_number} taken back",
        payer_id=paper.payer_code, produced_on=None, payer=Party(paper.payer_name, paper.payer_code), payee=Party(""),
        claims=claims, provider_adjustments=plb, segment=0,
    )  # fmt: skip


def reversal_of(session: Session, decision: PayerDecision, place: int) -> ClaimResult:
    """What a payer says that takes back all of a decision."""
    claim = session.get_one(Claim, decision.claim_id)
    rows = session.scalars(
        select(LineDecision).where(LineDecision.decision_id == decision.id).order_by(LineDecision.id)
    )
    lines = tuple(
        LineResult(
            segment=number, qualifier="HC", code=row.code, modifiers=tuple(row.modifiers.split()), charge=-row.charge,
            paid=-row.paid, units=row.units, submitted_code="", submitted_units=None, first_day=claim.period_first,
            last_day=claim.period_last, line_control=f"{LINE_CONTROL}{row.line_id}",
            adjustments=_negated(row.adjustments), allowed=None, remarks=(), references=(), amounts=(),
        )
        for number, row in enumerate(rows, 1)
    )  # fmt: skip
    return ClaimResult(
        segment=place, claim_number=claim.number, status=REVERSAL_STATUS, charge=-decision.charge, paid=-decision.paid,
        patient_owes=-decision.patient_owes, plan_kind="", payer_claim_number=decision.payer_claim_number, place="",
        frequency=claim.frequency.value, patient=Name(""), patient_id="", subscriber=None, corrected_id="",
        crossover_payer="", priority_payer="", first_day=claim.period_first, last_day=claim.period_last,
        received_on=None, adjustments=_negated(decision.adjustments), remarks=(), references=(), amounts=(),
        lines=lines,
    )  # fmt: skip


def _negated(kept: str) -> tuple[Adjustment, ...]:
    return tuple(Adjustment(cut.group, cut.reason, -cut.amount, cut.quantity) for cut in cuts_of(kept))


def _advice(session: Session, new: NewEob) -> Advice:
    payer = session.get(Payer, new.payer_id)
    if payer is None:
        raise Refused("This payer is not known. Choose the payer again.")
    if not new.number.strip():
        raise Refused("Type the check's or transfer's number.")
    if not new.claims:
        raise Refused("Add at least one claim that the paper names.")
    claims = tuple(_claim(session, each, place) for place, each in enumerate(new.claims, 1))
    others = [("L6", "interest", -new.interest), ("WO", "taken back", new.taken_back)]
    plb = tuple(
        ProviderAdjustment(0, "", new.paid_on, code, reference, amount)
        for code, reference, amount in others
        if amount != ZERO
    )
    return Advice(
        interchange_control="", group_control="", transaction_control="", version="", is_test=False, handling="I",
        amount=new.amount, method=new.method if new.amount else "NON", paid_on=new.paid_on, trace=new.number.strip(),
        payer_id=payer.payer_code, produced_on=None, payer=Party(payer.name, payer.payer_code), payee=Party(""),
        claims=claims, provider_adjustments=plb, segment=0,
    )  # fmt: skip


def _claim(session: Session, said: EobClaim, place: int) -> ClaimResult:
    claim = session.get(Claim, said.claim_id)
    if claim is None:
        raise Refused("A claim of this paper is not known. Choose it again.")
    rows = {
        row.id: row
        for row in session.scalars(select(ClaimLine).where(ClaimLine.claim_id == claim.id).order_by(ClaimLine.position))
    }
    by_line = {each.line_id: each for each in said.lines}
    problems = [f"Claim {claim.number} has no such line." for each in by_line if each not in rows]
    problems += [
        f"Claim {claim.number}, line {row.position} ({row.code}): type what the paper says about it."
        for row in rows.values()
        if row.id not in by_line
    ]
    refuse_if(problems)
    lines = tuple(_line(claim.number, rows[each.line_id], each) for each in said.lines)
    paid = sum((each.paid for each in lines), ZERO)
    owed = sum((cut.amount for each in lines for cut in each.adjustments if cut.group == "PR"), ZERO)
    first, last = claim.period_first, claim.period_last
    status = "1" if claim.primary_id is None else "2"
    return ClaimResult(
        segment=place, claim_number=claim.number, status=status, charge=claim.charge, paid=paid, patient_owes=owed,
        plan_kind="", payer_claim_number=said.payer_claim_number.strip(), place="", frequency=claim.frequency.value,
        patient=Name(""), patient_id="", subscriber=None, corrected_id="", crossover_payer="", priority_payer="",
        first_day=first, last_day=last, received_on=None, adjustments=(), remarks=(), references=(), amounts=(),
        lines=lines,
    )  # fmt: skip


def _line(number: str, row: ClaimLine, said: EobLine) -> LineResult:
    cuts, rest = eob_cuts(
        row.charge, said.allowed, said.paid, deductible=said.deductible, coinsurance=said.coinsurance,
        copay=said.copay, other_group=said.group or "CO", other_reason=said.reason.strip().upper(),
    )  # fmt: skip
    if rest != ZERO:
        raise Refused(
            f"Claim {number}, line {row.position} ({row.code}): {show_money(rest)} of the allowed amount is neither "
            "paid nor the patient's. Type the reason code the paper gives for it."
        )
    return LineResult(
        segment=row.position, qualifier="HC", code=row.code, modifiers=tuple(row.modifiers.split()),
        charge=row.charge, paid=said.paid, units=row.units, submitted_code="", submitted_units=None,
        first_day=row.first_on, last_day=row.last_on, line_control=f"{LINE_CONTROL}{row.id}",
        adjustments=tuple(_adjustment(cut) for cut in cuts), allowed=said.allowed, remarks=(), references=(),
        amounts=(),
    )  # fmt: skip


def _adjustment(cut: Cut) -> Adjustment:
    return Adjustment(cut.group, cut.reason, cut.amount, cut.quantity)
