"""Remittances (835, 005010X221A1, and 4010 ones) read into plain data; the balances are asked of the data.

Tolerant where payers differ (no contact, no dates, unknown codes, no LX, several transactions or interchanges), strict
about structure and numbers: one wrong amount refuses the whole file with its segment.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from infusion_desktop.edi.adjustments import read_adjustments
from infusion_desktop.edi.claim_data import Name
from infusion_desktop.edi.loops import Loop
from infusion_desktop.edi.remittance_data import (
    Amount,
    ClaimResult,
    LineResult,
    Party,
    ProviderAdjustment,
    Reference,
    Remittance,
)
from infusion_desktop.edi.x12 import Segment, Transaction, expect_kind, read_transactions
from infusion_desktop.errors import Refused

_KIND = "835"
_ONE = Decimal(1)


def read(data: str | bytes, wrong_counts: list[str] | None = None) -> tuple[Remittance, ...]:
    """Every payment of a file, or Refused with segment and element; nothing of a file that is wrong anywhere.

    ``wrong_counts``, when given, collects sentences about wrong SE01, GE01 or IEA01 instead of refusing them.
    """
    found = tuple([_remittance(one) for one in read_transactions(data, _KIND, wrong_counts)])
    if not found:
        raise Refused("835 file, segment 2: no payment found. Expected a transaction that begins with ST*835.")
    return found


def _remittance(found: Transaction) -> Remittance:
    """Claim by claim as the segments come, so that a large file is never whole in memory."""
    expect_kind(found, _KIND)
    parts = _parts(found.segments)
    if (top := next(parts, None)) is None:
        raise found.header.misplaced("BPR, the payment, after it")
    claims: list[ClaimResult] = []
    provider_adjustments: list[ProviderAdjustment] = []
    for part in parts:
        if part.head.tag == "CLP":
            claims.append(_claim(part))
        elif part.head.tag == "PLB":
            provider_adjustments += _provider_adjustments(part)
    payment, trace = top.required("BPR"), top.required("TRN")
    produced = top.first("DTM", "405")
    return Remittance(
        interchange_control=found.isa[13],
        group_control=found.group[6],
        transaction_control=found.control,
        version=found.group[8],
        is_test=found.is_test,
        handling=payment[1],
        amount=_payment(payment),
        method=payment[4],
        paid_on=payment.optional_day(16),
        trace=trace.required(2, "the check's or transfer's number"),
        payer_id=trace[3],
        produced_on=produced.optional_day(2) if produced else None,
        payer=_party(_party_loop(top, "PR")),
        payee=_party(_party_loop(top, "PE")),
        claims=tuple(claims),
        provider_adjustments=tuple(provider_adjustments),
        segment=payment.number,
    )


def _payment(bpr: Segment) -> Decimal:
    if bpr[3] not in ("C", "D"):
        raise bpr.refusal(3, "C (credit) or D (debit)")
    return -bpr.amount(2) if bpr[3] == "D" else bpr.amount(2)


def _party_loop(top: Loop, role: str) -> Loop:
    for loop in top.split("N1"):
        if loop.head[1] == role:
            return loop
    raise top.head.misplaced(f"N1*{role} in the transaction's head")


def _party(loop: Loop) -> Party:
    own, street, city = loop.head, loop.first("N3"), loop.first("N4")
    contacts = [contact for contact in loop.all("PER") if contact[3] == "TE"]
    return Party(
        name=own[2],
        identifier=own[4],
        street=street[1] if street else "",
        city=city[1] if city else "",
        state=city[2] if city else "",
        zip_code=city[3] if city else "",
        phone=contacts[0][4] if contacts else "",
        references=_references(loop),
    )


def _references(loop: Loop) -> tuple[Reference, ...]:
    return tuple([Reference(found[1], found[2]) for found in loop.all("REF")])


def _amounts(loop: Loop) -> tuple[Amount, ...]:
    return tuple([Amount(found[1], found.amount(2)) for found in loop.all("AMT")])


def _parts(segments: Iterator[Segment]) -> Iterator[Loop]:
    """The head, then what each LX, CLP and PLB begins."""
    part: list[Segment] = []
    for segment in segments:
        if part and segment.tag in ("CLP", "LX", "PLB"):
            yield Loop(part)
            part = []
        part.append(segment)
    if part:
        yield Loop(part)


def _claim(whole: Loop) -> ClaimResult:
    own, clp = whole.until("SVC"), whole.head
    patient, subscriber = _person(own, "QC"), _person(own, "IL")
    corrected = _person(own, "74")
    first_day, last_day = _days(own, "232", "233")
    received = own.first("DTM", "050")
    return ClaimResult(
        segment=clp.number,
        claim_number=clp.required(1, "our claim number, or 0"),
        status=clp.required(2, "a claim status such as 1"),
        charge=clp.amount(3),
        paid=clp.amount(4),
        patient_owes=clp.optional_amount(5) or Decimal("0.00"),
        plan_kind=clp[6],
        payer_claim_number=clp[7],
        place=clp[8],
        frequency=clp[9],
        patient=_name(patient) if patient else Name(""),
        patient_id=patient[9] if patient else "",
        subscriber=_name(subscriber) if subscriber else None,
        corrected_id=corrected[9] if corrected else "",
        crossover_payer=_payer_name(own, "TT"),
        priority_payer=_payer_name(own, "PR"),
        first_day=first_day,
        last_day=last_day,
        received_on=received.optional_day(2) if received else None,
        adjustments=read_adjustments(own.all("CAS")),
        remarks=tuple(_claim_remarks(own)),
        references=_references(own),
        amounts=_amounts(own),
        lines=tuple([_line(line) for line in whole.split("SVC")]),
    )


def _person(loop: Loop, role: str) -> Segment | None:
    return loop.first("NM1", role)


def _name(nm1: Segment) -> Name:
    return Name(nm1[3], nm1[4], nm1[5], nm1[7])


def _payer_name(loop: Loop, role: str) -> str:
    found = loop.first("NM1", role)
    return (found[3] or found[9]) if found else ""


def _claim_remarks(loop: Loop) -> Iterator[str]:
    """MOA03-07 and, on inpatient claims, MIA05 and MIA20-23."""
    places = [(moa, at) for moa in loop.all("MOA") for at in range(3, 8)]
    places += [(mia, at) for mia in loop.all("MIA") for at in (5, 20, 21, 22, 23)]
    for segment, at in places:
        if segment[at]:
            yield segment[at]


def _days(loop: Loop, first: str, last: str) -> tuple[date | None, date | None]:
    begin, end = loop.first("DTM", first), loop.first("DTM", last)
    from_day = begin.optional_day(2) if begin else None
    return from_day, (end.optional_day(2) if end else None) or from_day


def _line(whole: Loop) -> LineResult:
    svc = whole.head
    procedure = [*svc.parts(1), "", ""]
    submitted = [*svc.parts(6), ""]
    one_day = whole.first("DTM", "472")
    first_day, last_day = _days(whole, "472", "472") if one_day else _days(whole, "150", "151")
    control = whole.first("REF", "6R")
    allowed = whole.first("AMT", "B6")
    units = svc.number_at(5)
    return LineResult(
        segment=svc.number,
        qualifier=procedure[0],
        code=procedure[1],
        modifiers=tuple([modifier for modifier in procedure[2:6] if modifier]),
        charge=svc.amount(2),
        paid=svc.optional_amount(3) or Decimal("0.00"),
        units=_ONE if units is None else units,
        submitted_code=submitted[1],
        submitted_units=svc.number_at(7),
        first_day=first_day,
        last_day=last_day,
        line_control=control[2] if control else "",
        adjustments=read_adjustments(whole.all("CAS")),
        allowed=allowed.amount(2) if allowed else None,
        remarks=tuple([found[2] for found in whole.all("LQ", "HE") if found[2]]),
        references=_references(whole),
        amounts=_amounts(whole),
    )


def _provider_adjustments(whole: Loop) -> Iterator[ProviderAdjustment]:
    """PLB: provider, fiscal date, then up to six pairs of reason:reference and amount."""
    for plb in whole.all("PLB"):
        for element in range(3, max(len(plb), 4) + 1, 2):
            if element > 3 and not plb[element] and not plb[element + 1]:
                continue
            plb.required(element, "a reason such as WO:reference")
            parts = [*plb.parts(element), ""]
            amount = plb.amount(element + 1)
            yield ProviderAdjustment(plb.number, plb[1], plb.day(2), parts[0], parts[1], amount)
