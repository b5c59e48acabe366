"""Which of our claims and lines a payer speaks about, asked for a whole file at once.

Matching after X12's published answers: our claim number (CLM01 comes back as CLP01; original, replacements and voids
share one, RFI 1945), then the payer's own number (CLP07); lines by the number we sent (REF*6R), else by what they are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from infusion_desktop.billing.money.money_tables import ClaimPart, PayerDecision
from infusion_desktop.billing.tables import Claim, ClaimLine
from infusion_desktop.billing.words import ClaimState, Frequency
from infusion_desktop.edi.remittance_data import NEXT_PAYER_STATUSES, REVERSAL_STATUS, ClaimResult, LineResult

SENT = (
    ClaimState.BATCHED, ClaimState.SENT, ClaimState.ACCEPTED, ClaimState.PAID, ClaimState.PART_PAID, ClaimState.DENIED,
    ClaimState.CLOSED, ClaimState.VOIDED, ClaimState.REJECTED,
)  # fmt: skip
"""Claims that left: a payer may decide one that somebody on the way refused, or that was voided since."""
_OF_NEXT_PAYERS = NEXT_PAYER_STATUSES | {REVERSAL_STATUS}
LINE_CONTROL = "L"
"""Before a line's id in the number we send with it (REF*6R)."""
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class OurLine:
    """A line as it was sent."""

    id: int
    position: int
    code: str
    first_on: date
    charge: Decimal
    expected: Decimal


@dataclass(slots=True)
class OurClaim:
    """A claim as it was sent, with its lines."""

    id: int
    number: str
    state: ClaimState
    payer_id: int
    patient_id: int
    control: str
    primary_id: int | None
    charge: Decimal
    period_first: date
    lines: list[OurLine] = field(default_factory=list)
    alone: bool = True
    """Whether no other claim has its number."""
    after: "OurClaim | None" = None
    """The claim to the payer before, by whose numbers a next payer speaks when that one forwarded it."""

    def line_of(self, said: LineResult) -> OurLine | None:
        """Our line by the number we sent, by its place (RFI 2224), else the only one with code, first day and charge.

        What is said of a reversed line carries its charge negated.
        """
        control = said.line_control.strip()
        for line in self.lines:
            if control == f"{LINE_CONTROL}{line.id}":
                return line
        code = said.submitted_code or said.code
        if control.isascii() and control.isdigit():
            placed = [line for line in self.lines if line.position == int(control) and line.code == code]
            if placed:
                return placed[0]
        if self.after is not None and (first := self.after.line_of(said)) is not None:
            same = [line for line in self.lines if (line.position, line.code) == (first.position, first.code)]
        else:
            wanted = (code, said.first_day, abs(said.charge))
            same = [line for line in self.lines if (line.code, line.first_on, line.charge) == wanted]
        return same[0] if len(same) == 1 else None

    def sent_lines(self, result: ClaimResult) -> int:
        """How many of the lines the payer names are this claim's own."""
        ours = {f"{LINE_CONTROL}{line.id}" for line in self.lines}
        return sum(line.line_control.strip() in ours for line in result.lines)


def candidates(session: Session, results: Iterable[ClaimResult]) -> list[list[OurClaim]]:
    """For each result the claims it may speak about, the likeliest first; rows are locked for this deed."""
    results = list(results)
    numbers = {each.claim_number.strip() for each in results} - {"", "0"}
    by_number: dict[str, list[OurClaim]] = {}
    known: dict[int, OurClaim] = {}
    for claim in _claims(session, Claim.number, numbers):
        known[claim.id] = claim
        by_number.setdefault(claim.number, []).append(claim)
    strange = numbers - set(by_number)
    for part, claim in _by_part(session, strange, known):
        by_number.setdefault(part, []).append(claim)
    controls = {each.payer_claim_number for each in results if each.claim_number.strip() not in by_number} - {""}
    by_control: dict[str, list[OurClaim]] = {}
    for claim in _claims(session, Claim.payer_control_number, controls):
        same = known.setdefault(claim.id, claim)
        by_control.setdefault(same.control, []).append(same)
    for several in by_number.values():
        if len(several) > 1:
            for claim in several:
                claim.alone = False
    _add_lines(session, known)
    found = []
    for each in results:
        claims = by_number.get(each.claim_number.strip()) or by_control.get(each.payer_claim_number) or []
        found.append(sorted(claims, key=lambda claim, each=each: _likeliest(claim, each)))  # type: ignore[misc]
    _find_forwarded(session, results, found)
    return found


def _find_forwarded(session: Session, results: Sequence[ClaimResult], found: list[list[OurClaim]]) -> None:
    """A next payer speaks of a claim by the first one's numbers when that one sent it on: find the claim to it.

    What it decides is never the first payer's: with no claim to a next payer, and a decision of the first that stands,
    the result is none of ours.
    """
    spoken_of = [place for place, result in enumerate(results) if result.status in _OF_NEXT_PAYERS]
    theirs = {claim.id: claim for place in spoken_of for claim in found[place] if claim.primary_id is None}
    if not theirs:
        return
    following: dict[int | None, list[OurClaim]] = {}
    next_claims = {claim.id: claim for claim in _claims(session, Claim.primary_id, theirs)}
    _add_lines(session, next_claims)
    for claim in next_claims.values():
        claim.after = theirs[claim.primary_id or 0]
        following.setdefault(claim.primary_id, []).insert(0, claim)
    taken_back = {result.claim_number for result in results if result.is_reversal}
    for place in spoken_of:
        result = results[place]
        firsts = [claim for claim in found[place] if claim.id in theirs]
        nexts = [each for claim in firsts for each in following.get(claim.id, ())]
        if result.is_reversal:
            found[place] += nexts
        elif firsts:
            if nexts:
                found[place] = sorted(nexts, key=lambda claim: claim.state is ClaimState.VOIDED)
            elif result.claim_number not in taken_back and _is_decided(session, firsts):
                found[place] = []


def _is_decided(session: Session, claims: Sequence[OurClaim]) -> bool:
    later = aliased(PayerDecision)
    standing = (
        select(PayerDecision.id)
        .outerjoin(later, later.reverses_id == PayerDecision.id)
        .where(PayerDecision.claim_id.in_([claim.id for claim in claims]))
        .where(PayerDecision.reverses_id.is_(None), later.id.is_(None))
    )
    return session.scalar(standing.limit(1)) is not None


def _likeliest(claim: OurClaim, result: ClaimResult) -> tuple[int, bool, int]:
    """The one whose lines are named; without their numbers the one charged so much (a replacement or its first)."""
    return -claim.sent_lines(result), claim.charge != abs(result.charge), -claim.id


def _claims(session: Session, column: object, values: Iterable[str | int]) -> Iterable[OurClaim]:
    columns = (
        Claim.id, Claim.number, Claim.state, Claim.payer_id, Claim.patient_id, Claim.payer_control_number,
        Claim.primary_id, Claim.charge, Claim.period_first,
    )  # fmt: skip
    wanted = select(*columns).where(Claim.state.in_(SENT), Claim.frequency != Frequency.VOID).order_by(Claim.id)
    for some in _runs(sorted(values)):
        for row in session.execute(wanted.where(column.in_(some)).with_for_update()):  # type: ignore[attr-defined]
            yield OurClaim(*row)


def _by_part(session: Session, numbers: set[str], known: dict[int, OurClaim]) -> Iterable[tuple[str, OurClaim]]:
    """Claims that were split over several CLM, by the numbers of their further parts."""
    for some in _runs(sorted(number for number in numbers if "-" in number)):
        parts = session.execute(select(ClaimPart.number, ClaimPart.claim_id).where(ClaimPart.number.in_(some))).all()
        owners = {each.claim_id for each in parts}
        missing = [each for each in owners if each not in known]
        if missing:
            numbers_of = session.scalars(select(Claim.number).where(Claim.id.in_(missing))).all()
            known.update({claim.id: claim for claim in _claims(session, Claim.number, numbers_of)})
        yield from ((each.number, known[each.claim_id]) for each in parts if each.claim_id in known)


def _add_lines(session: Session, claims: dict[int, OurClaim]) -> None:
    for some in _runs(sorted(claims)):
        rows = session.execute(
            select(
                ClaimLine.claim_id, ClaimLine.id, ClaimLine.position, ClaimLine.code, ClaimLine.first_on,
                ClaimLine.charge, ClaimLine.expected,
            )
            .where(ClaimLine.claim_id.in_(some))
            .order_by(ClaimLine.claim_id, ClaimLine.position)
        )  # fmt: skip
        for owner, line, position, code, first_on, charge, expected in rows:
            claims[owner].lines.append(OurLine(line, position, code, first_on, charge, expected))


def _runs(values: Sequence[object]) -> Iterable[Sequence[object]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))
