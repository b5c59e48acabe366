"""Answers to claim files, in the order they come: TA1 (envelope), 999 or 997 (syntax), 277CA (each claim).

Meanings: 999 (005010X231A1) and 277CA (005010X214) as public maps show them; what a 277CA category means for the claim
by X12's claim status category list (A0 to A8).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from infusion_desktop.edi.claim_data import Name
from infusion_desktop.edi.loops import Loop, whole_loop
from infusion_desktop.edi.x12 import Segment, Transaction, expect_kind, read_transactions
from infusion_desktop.errors import Refused

_Answer = TypeVar("_Answer")
_TAKEN = frozenset({"A0", "A1", "A2", "A5"})
_SYNTAX_KINDS = ("999", "997")


@dataclass(frozen=True, slots=True)
class EnvelopeAnswer:
    """A TA1: was the envelope with this ISA13 taken (A), taken with errors (E) or refused (R)."""

    interchange_control: str
    verdict: str
    note: str
    segment: int

    @property
    def taken(self) -> bool:
        """Whether the file may go on to the next check."""
        return self.verdict in ("A", "E")


@dataclass(frozen=True, slots=True)
class ElementError:
    """One element the receiver could not take (IK4): position, component (0 when none), reason, copy of the value."""

    position: int
    component: int
    reason: str
    value: str


@dataclass(frozen=True, slots=True)
class SegmentError:
    """One segment the receiver could not take (IK3); ``position`` counts ST as 1: see claims_837p.find_place."""

    tag: str
    position: int
    loop: str
    reason: str
    claim_number: str
    elements: tuple[ElementError, ...]


@dataclass(frozen=True, slots=True)
class TransactionAnswer:
    """The verdict on one ST (IK5): A, E with errors, R refused (also M, W, X)."""

    control: str
    verdict: str
    reasons: tuple[str, ...]
    errors: tuple[SegmentError, ...]

    @property
    def taken(self) -> bool:
        """Whether its claims go on to the payer."""
        return self.verdict in ("A", "E")


@dataclass(frozen=True, slots=True)
class GroupAnswer:
    """A 999: the verdict on the group with this GS06 (AK9): A, E, P part, R; one refused ST refuses all its claims."""

    group_control: str
    verdict: str
    included: int
    received: int
    accepted: int
    transactions: tuple[TransactionAnswer, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """Category, status and whom it concerns (STC01, STC10, STC11)."""

    category: str
    status: str
    entity: str = ""

    @property
    def taken(self) -> bool:
        """Whether the category means received, forwarded, split or accepted (unknown ones do not)."""
        return self.category in _TAKEN


@dataclass(frozen=True, slots=True)
class LineAnswer:
    """A line that was refused before adjudication (loop 2220D)."""

    code: str
    charge: Decimal | None
    line_control: str
    prescription: str
    statuses: tuple[Status, ...]


@dataclass(frozen=True, slots=True)
class ClaimAnswer:
    """What became of one claim (loop 2200D): ``accepted`` only when every code says so and no action is U (refused)."""

    segment: int
    claim_number: str
    patient: Name
    patient_id: str
    statuses: tuple[Status, ...]
    on: date | None
    action: str
    charge: Decimal | None
    text: str
    payer_claim_number: str
    clearinghouse_number: str
    lines: tuple[LineAnswer, ...]

    @property
    def accepted(self) -> bool:
        """Whether the claim went on."""
        return self.action != "U" and bool(self.statuses) and all(status.taken for status in self.statuses)


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """A 277CA: who says it (PR payer, AY clearinghouse), about which of our batches (BHT03), claim by claim.

    ``action`` U without claims refuses every claim of the batch.
    """

    source: str
    source_kind: str
    batch_number: str
    statuses: tuple[Status, ...]
    action: str
    accepted_count: int | None
    refused_count: int | None
    accepted_charge: Decimal | None
    refused_charge: Decimal | None
    claims: tuple[ClaimAnswer, ...]

    @property
    def whole_batch_refused(self) -> bool:
        """Whether the batch was refused before anybody looked at its claims."""
        return self.action == "U" and not self.claims


def read_ta1(data: str | bytes) -> tuple[EnvelopeAnswer, ...]:
    """The TA1 segments of a file, or Refused."""
    found = [_envelope(one.header) for one in read_transactions(data, "TA1") if one.kind == "TA1"]
    return _at_least_one(found, "TA1", "a TA1")


def _envelope(ta1: Segment) -> EnvelopeAnswer:
    if ta1[4] not in ("A", "E", "R"):
        raise ta1.refusal(4, "A, E or R")
    return EnvelopeAnswer(ta1.required(1, "the interchange control number"), ta1[4], ta1[5], ta1.number)


def read_999(data: str | bytes, wrong_counts: list[str] | None = None) -> tuple[GroupAnswer, ...]:
    """The 999 (or 997) answers of a file, or Refused."""
    found = [_group(one) for one in read_transactions(data, "999", wrong_counts) if one.kind != "TA1"]
    return _at_least_one(found, "999", "an ST*999")


def read_277ca(data: str | bytes, wrong_counts: list[str] | None = None) -> tuple[BatchAnswer, ...]:
    """The 277CA answers of a file, one for each of our batches named in it, or Refused."""
    transactions = (one for one in read_transactions(data, "277CA", wrong_counts) if one.kind != "TA1")
    return _at_least_one([answer for one in transactions for answer in _batches(one)], "277CA", "an ST*277")


def _at_least_one(found: list[_Answer], kind: str, expected: str) -> tuple[_Answer, ...]:
    if not found:
        raise Refused(f"{kind} file, segment 2: nothing to read. Expected {expected}.")
    return tuple(found)


def _group(found: Transaction) -> GroupAnswer:
    expect_kind(found, *_SYNTAX_KINDS)
    whole = whole_loop(found, "AK1, the group that is answered")
    answered, verdict = whole.required("AK1"), whole.required("AK9")
    return GroupAnswer(
        group_control=answered.required(2, "the control number of our group"),
        verdict=verdict.required(1, "a verdict such as A or R"),
        included=verdict.whole(2),
        received=verdict.whole(3),
        accepted=verdict.whole(4),
        transactions=tuple([_transaction(part) for part in whole.split("AK2")]),
    )


def _transaction(part: Loop) -> TransactionAnswer:
    verdict = part.first("IK5") or part.required("AK5")
    return TransactionAnswer(
        control=part.head.required(2, "the control number of our transaction"),
        verdict=verdict.required(1, "a verdict such as A or R"),
        reasons=tuple([verdict[at] for at in range(2, 7) if verdict[at]]),
        errors=tuple([_segment_error(error) for error in part.until("IK5", "AK5").split("IK3", "AK3")]),
    )


def _segment_error(part: Loop) -> SegmentError:
    own = part.head
    return SegmentError(
        tag=own[1],
        position=own.whole(2),
        loop=own[3],
        reason=own[4],
        claim_number=_context(part),
        elements=tuple([_element_error(found) for found in part.segments if found.tag in ("IK4", "AK4")]),
    )


def _context(part: Loop) -> str:
    """The claim a CTX names: CTX*CLM01:number."""
    for context in part.all("CTX"):
        name, number = [*context.parts(1), ""][:2]
        if name == "CLM01":
            return number
    return ""


def _element_error(found: Segment) -> ElementError:
    position, component = [*found.parts(1), "", ""][:2]
    if not (position.isascii() and position.isdigit() and len(position) <= 3):
        raise found.refusal(1, "the element's position")
    return ElementError(int(position), int(component) if _is_small(component) else 0, found[3], found[4])


def _is_small(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3


def _batches(found: Transaction) -> Iterator[BatchAnswer]:
    expect_kind(found, "277")
    levels = whole_loop(found, "BHT, the head of the answer").split("HL")
    if not levels or levels[0].head[3] != "20":
        raise found.header.misplaced("HL with level 20, who answers, after it")
    source = levels[0].first("NM1", "AY", "PR")
    who = (source[3], source[1]) if source else ("", "")
    starts = [at for at, level in enumerate(levels) if level.head[3] == "21"]
    if not starts:
        raise levels[0].head.misplaced("HL with level 21, our batch, after it")
    ends = [*starts[1:], len(levels)]
    for start, end in zip(starts, ends, strict=True):
        yield _batch(*who, levels[start], levels[start + 1 : end])


def _batch(source: str, source_kind: str, own: Loop, below: list[Loop]) -> BatchAnswer:
    trace, verdict = own.required("TRN", "2"), own.required("STC")
    patients = [level for level in below if level.head[3] == "PT"]
    return BatchAnswer(
        source=source,
        source_kind=source_kind,
        batch_number=trace.required(2, "our batch number"),
        statuses=_statuses(verdict),
        action=verdict[3],
        accepted_count=_count(own, "90"),
        refused_count=_count(own, "AA"),
        accepted_charge=own.amount("YU"),
        refused_charge=own.amount("YY"),
        claims=tuple([_claim(part, level.first("NM1", "QC")) for level in patients for part in level.split("TRN")]),
    )


def _count(loop: Loop, qualifier: str) -> int | None:
    found = loop.first("QTY", qualifier)
    return found.whole(2) if found else None


def _statuses(*segments: Segment) -> tuple[Status, ...]:
    """STC01, STC10 and STC11 of each."""
    for stc in segments:
        stc.required(1, "a status such as A2:20")
    places = [(stc, element) for stc in segments for element in (1, 10, 11) if stc[element]]
    return tuple([Status(*[*stc.parts(element), "", ""][:3]) for stc, element in places])


def _claim(part: Loop, patient: Segment | None) -> ClaimAnswer:
    own, trace = part.until("SVC"), part.head
    verdicts = list(own.all("STC"))
    if not verdicts:
        own.required("STC")
    return ClaimAnswer(
        segment=trace.number,
        claim_number=trace.required(2, "our claim number"),
        patient=Name(patient[3], patient[4], patient[5], patient[7]) if patient else Name(""),
        patient_id=patient[9] if patient else "",
        statuses=_statuses(*verdicts),
        on=verdicts[0].optional_day(2),
        action="U" if any(verdict[3] == "U" for verdict in verdicts) else verdicts[0][3],
        charge=verdicts[0].optional_amount(4),
        text=" ".join(verdict[12] for verdict in verdicts if verdict[12]),
        payer_claim_number=own.text("REF", "1K"),
        clearinghouse_number=own.text("REF", "D9"),
        lines=tuple([_line(line) for line in part.split("SVC")]),
    )


def _line(part: Loop) -> LineAnswer:
    svc = part.head
    return LineAnswer(
        code=[*svc.parts(1), ""][1],
        charge=svc.optional_amount(2),
        line_control=part.text("REF", "FJ"),
        prescription=part.text("REF", "XZ"),
        statuses=_statuses(*part.all("STC")),
    )
