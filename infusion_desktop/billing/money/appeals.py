"""Appeal a denial or an underpayment by letter: the step is kept, the letter is a PDF."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.billing.money.disputes import Seen, enter_step, refuse_late_appeal, remarks_of, the_dispute
from infusion_desktop.billing.money.money_tables import Dispute, LineDecision, PayerDecision
from infusion_desktop.billing.money.reason_codes import say_reason
from infusion_desktop.billing.papers import letterhead, printed
from infusion_desktop.billing.tables import Claim, ClaimLine
from infusion_desktop.billing.words import DisputeId, DisputeKind, DisputeState
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, show_days, today
from infusion_desktop.errors import Refused
from infusion_desktop.identifiers import show_zip
from infusion_desktop.money import ZERO, show_money
from infusion_desktop.patients.tables import Coverage, Patient, Payer

if TYPE_CHECKING:
    from reports.appeal_letter import AppealedLine, AppealLetter

ENCLOSURES = (
    "The prescriber's signed order", "The claim summary with the therapy calendar", "The signed delivery manifests",
    "The authorization", "The remittance with the decision", "The answer that shows when it was filed",
    "The nursing note", "The contract's page with the rate",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewAppeal:
    """What the letter argues and encloses."""

    argument: str
    enclosures: tuple[str, ...] = ()
    signed_title: str = ""


def suggested_argument(session: Session, disputes: Sequence[DisputeId]) -> str:
    """Sentences to begin the letter with, to be completed by the biller; Refused as `appeal` would be."""
    every = [kept for each in disputes if (kept := session.get(Dispute, each)) is not None]
    if not every:
        return ""
    _refuse_several(every)
    claim = session.get_one(Claim, every[0].claim_id)
    days = show_days(Days(claim.period_first, claim.period_last))
    if every[0].kind is DisputeKind.UNDERPAID:
        more = sum((each.amount for each in every), ZERO)
        return (
            f"Our contract pays {show_money(more)} more for these services than was paid. The rate and the "
            "page of the contract are enclosed. Please process them again at the contract's rate."
        )
    reasons = "; ".join(dict.fromkeys(say_reason(each.group_code, each.reason_code) for each in every))
    told = dict.fromkeys(remark for each in disputes for remark in remarks_of(session, each))
    remarks = "".join(f" {each}." for each in told)
    return (
        f"The services of {days} were ordered by the patient's prescriber, delivered to the patient's home with proof "
        f"of delivery, and given as ordered. Your decision names {reasons}."
        f"{remarks} The enclosed records show that this does not apply: "
    )


def appeal(database: Database, seen: Sequence[Seen], new: NewAppeal, by: UserId, override: str = "") -> bytes:
    """Keep that an appeal leaves and give its letter, one for all that is appealed of a decision.

    Refused when they are not of one decision, or denials stand beside what was paid short; Warned after the last day.
    """
    from reports.appeal_letter import render

    if not new.argument.strip():
        raise Refused("Write why the payer should decide otherwise.")
    with database.transaction() as session:
        authorize(session, by, Permission.CLAIM)
        every = [the_dispute(session, *each) for each in sorted(seen)]
        _refuse_several(every)
        day = today()
        refuse_late_appeal(min(each.due_on for each in every), day, override)
        letter = _letter(session, every, new, day, by)
        for kept in every:
            enter_step(session, kept, DisputeState.APPEALED, by, f"letter: {new.argument.strip()[:300]}")
            record(
                session, by, "appeal", "dispute", kept.id, after={"claim": kept.claim_id, "amount": kept.amount},
                reason=override,
            )  # fmt: skip
    return render(letter)


def _refuse_several(every: Sequence[Dispute]) -> None:
    if len({(each.decision_id, each.kind) for each in every}) != 1:
        raise Refused("One letter is about one decision: select denied lines of one claim, or what it paid short.")
    if every[0].kind is DisputeKind.OVERPAID:
        raise Refused("What was paid too much is not appealed: refund it, or tell the payer.")


def _letter(session: Session, every: Sequence[Dispute], new: NewAppeal, day: date, by: UserId) -> "AppealLetter":
    from reports import appeal_letter as paper

    kept = every[0]
    claim = session.get_one(Claim, kept.claim_id)
    patient, payer = session.get_one(Patient, claim.patient_id), session.get_one(Payer, claim.payer_id)
    coverage = session.get_one(Coverage, claim.coverage_id)
    decision = session.get_one(PayerDecision, kept.decision_id)
    address = (payer.street, f"{payer.city}, {payer.state} {show_zip(payer.zip)}" if payer.zip else "")
    return paper.AppealLetter(
        letterhead=letterhead(session),
        printed=printed(session, by),
        written_on=day,
        payer=payer.name,
        payer_address=tuple(line for line in address if line),
        patient=f"{patient.first_name} {patient.last_name}",
        born_on=patient.born_on,
        member_id=coverage.member_id,
        claim_number=claim.number,
        payer_claim_number=decision.payer_claim_number or claim.payer_control_number,
        first=claim.period_first,
        last=claim.period_last,
        decided_on=decision.decided_on,
        appeal_by=min(each.due_on for each in every),
        is_denial=kept.kind is DisputeKind.DENIED,
        lines=tuple(line for each in every for line in _lines(session, each)),
        argument=new.argument.strip(),
        enclosures=new.enclosures,
        signed_by=session.scalar(select(Staff.name).where(Staff.id == by)) or "",
        signed_title=new.signed_title.strip(),
    )


def _lines(session: Session, kept: Dispute) -> list["AppealedLine"]:
    from reports import appeal_letter as paper

    wanted = select(ClaimLine).where(ClaimLine.claim_id == kept.claim_id).order_by(ClaimLine.position)
    if kept.line_id is not None:
        wanted = wanted.where(ClaimLine.id == kept.line_id)
    decided = select(LineDecision.line_id, LineDecision.paid).where(LineDecision.decision_id == kept.decision_id)
    paid = {line: amount for line, amount in session.execute(decided)}  # noqa: C416
    is_denial = kept.kind is DisputeKind.DENIED
    reason = say_reason(kept.group_code, kept.reason_code) if is_denial else "Paid below the contract's rate"
    return [
        paper.AppealedLine(
            " ".join(filter(None, (line.code, line.modifiers))), line.first_on, line.last_on, line.units, line.charge,
            line.expected, paid.get(line.id, ZERO), reason,
        )
        for line in session.scalars(wanted)
    ]  # fmt: skip
