"""Professional claims read back from an 837P: a second opinion on what was written, and where an error lies."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time

from infusion_desktop.dates import Days
from infusion_desktop.edi.adjustments import read_adjustments
from infusion_desktop.edi.claim_data import (
    Address,
    Attachment,
    Batch,
    BillingProvider,
    Claim,
    Drug,
    Frequency,
    Heading,
    LineAdjudication,
    Name,
    OtherPayer,
    Patient,
    Payer,
    Provider,
    Receiver,
    Rental,
    ServiceLine,
    Submitter,
    Subscriber,
)
from infusion_desktop.edi.loops import Loop, whole_loop
from infusion_desktop.edi.x12 import Segment, Transaction, expect_kind, read_transactions
from infusion_desktop.edi.x12_writing import Interchange

_KIND = "837"


def read(data: str | bytes) -> tuple[Batch, ...]:
    """The batches of an 837P file, one for each ST; Refused names the segment that is wrong."""
    return tuple([_batch(found) for found in read_transactions(data, _KIND)])


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a sent file an acknowledgement points: claim and line, "" and 0 when it points above them."""

    claim_number: str
    line: int
    line_control: str
    tag: str


def find_place(data: str | bytes, transaction_control: str, position: int) -> Place | None:
    """What stands at a segment number of a 999 (IK302, counting ST as 1) in the file that was sent; None if nothing."""
    for found in read_transactions(data, _KIND):
        if found.control.lstrip("0") == transaction_control.strip().lstrip("0"):
            return _place(list(found.segments), position)
    return None


def _place(segments: list[Segment], position: int) -> Place | None:
    if position == 1:
        return Place("", 0, "", "ST")
    if not 2 <= position <= len(segments) + 1:
        return None
    place = Place("", 0, "", "")
    for segment in segments[: position - 1]:
        if segment.tag in ("HL", "CLM"):
            place = Place(segment[1] if segment.tag == "CLM" else "", 0, "", "")
        elif segment.tag == "LX":
            place = replace(place, line=place.line + 1)
    if place.line:
        place = replace(place, line_control=_line_control(segments, position))
    return replace(place, tag=segments[position - 2].tag)


def _line_control(segments: list[Segment], position: int) -> str:
    """REF*6R of the line in which the position lies."""
    start = max(at for at in range(position - 1) if segments[at].tag == "LX")
    for at in range(start + 1, len(segments)):
        if segments[at].tag in ("LX", "CLM", "HL"):
            break
        if segments[at].tag == "REF" and segments[at][1] == "6R":
            return segments[at][2]
    return ""


def _batch(found: Transaction) -> Batch:
    expect_kind(found, _KIND)
    whole = whole_loop(found, "BHT, the head of the claims")
    levels = whole.split("HL")
    if not levels:
        raise found.header.misplaced("HL, the pharmacy's level, after it")
    heading = _heading(found, whole.until("HL"), levels[0])
    claims = tuple(_claims(levels))
    if not claims:
        raise levels[-1].head.misplaced("CLM, a claim, below the levels")
    return Batch(heading, claims)


def _heading(found: Transaction, top: Loop, pharmacy: Loop) -> Heading:
    begin = top.required("BHT")
    submitter, receiver = top.named("41"), top.named("40")
    contact = submitter.required("PER", "IC")
    return Heading(
        interchange=_interchange(found, begin),
        transaction_control=found.control,
        batch_number=begin[3],
        submitter=Submitter(submitter.head[3], submitter.head[9], contact[2], contact[4]),
        receiver=Receiver(receiver.head[3], receiver.head[9]),
        billing=_pharmacy(pharmacy),
        reissue=begin[2] == "18",
    )


def _interchange(found: Transaction, begin: Segment) -> Interchange:
    isa, group = found.isa, found.group
    return Interchange(
        sender_id=isa[6],
        receiver_id=isa[8],
        interchange_control=isa.whole(13),
        group_control=group.whole(6),
        written_on=begin.day(4),
        written_at=_time(begin, 5),
        test=isa[15] == "T",
        wants_ta1=isa[14] == "1",
        sender_qualifier=isa[5],
        receiver_qualifier=isa[7],
    )


def _time(segment: Segment, element: int) -> time:
    value = segment[element][:4]
    if len(value) == 4 and value.isascii() and value.isdigit():
        try:
            return datetime.strptime(value, "%H%M").time()  # noqa: DTZ007 - a wall clock time, without a zone
        except ValueError:
            pass
    raise segment.refusal(element, "a time as HHMM")


def _pharmacy(level: Loop) -> BillingProvider:
    if level.head[3] != "20":
        raise level.head.refusal(3, "20, the pharmacy's level first")
    loop, pay_to = level.named("85"), level.maybe("87")
    taxonomy = level.first("PRV", "BI")
    return BillingProvider(
        name=loop.head[3],
        npi=loop.head[9],
        tax_id=loop.required("REF", "EI", "SY")[2],
        address=_address(loop),
        taxonomy=taxonomy[3] if taxonomy else "",
        pay_to=_address(pay_to) if pay_to else None,
    )


def _address(loop: Loop) -> Address:
    street, city = loop.required("N3"), loop.required("N4")
    return Address(street[1], city[1], city[2], city[3], street[2])


def _maybe_address(loop: Loop) -> Address | None:
    return _address(loop) if loop.first("N3") else None


def _name(nm1: Segment) -> Name:
    return Name(nm1[3], nm1[4], nm1[5], nm1[7])


def _claims(levels: list[Loop]) -> Iterator[Claim]:
    """The claims of every level, each with the subscriber, payer and patient above it."""
    subscriber_level: Loop | None = None
    for level in levels[1:]:
        kind = level.head[3]
        if kind == "20":
            raise level.head.refusal(3, "22 or 23; this reader takes one pharmacy in a transaction")
        if kind == "22":
            subscriber_level = level
        elif kind != "23":
            raise level.head.refusal(3, "20, 22 or 23")
        if subscriber_level is None:
            raise level.head.refusal(3, "22, a subscriber, before the patient")
        above = _Above(subscriber_level, level if kind == "23" else None)
        for claim in level.split("CLM"):
            yield _claim(claim, above)


class _Above:
    """Who stands above the claims of a level."""

    def __init__(self, subscriber: Loop, patient: Loop | None) -> None:
        relation = subscriber.required("SBR")
        loop, payer = subscriber.named("IL"), subscriber.named("PR")
        birth = loop.first("DMG")
        self.rank = relation[1]
        self.subscriber = Subscriber(
            name=_name(loop.head),
            member_id=loop.head[9],
            address=_maybe_address(loop),
            born_on=birth.day(2) if birth else None,
            sex=birth[3] if birth else "",
            group_number=relation[3],
            group_name=relation[4],
        )
        self.payer = Payer(
            name=payer.head[3],
            identifier=payer.head[9],
            kind=relation[9],
            address=_maybe_address(payer.until("CLM")),
            our_number=payer.until("CLM").text("REF", "G2"),
            medicare_second=relation[5],
        )
        self.patient = self._patient(patient) if patient else None

    @staticmethod
    def _patient(level: Loop) -> Patient:
        loop = level.named("QC")
        birth = loop.required("DMG")
        return Patient(_name(loop.head), _address(loop), birth.day(2), birth[3], level.required("PAT")[1])


def _claim(whole: Loop, above: _Above) -> Claim:
    lines = whole.split("LX")
    if not lines:
        raise whole.head.misplaced("LX, the first line, in the claim after it")
    top = whole.until("LX")
    others = top.split("SBR")
    own = top.until("SBR")
    clm, referring = own.head, own.maybe("DN")
    place = [*clm.parts(5), "", ""]
    found = Claim(
        number=clm.required(1, "the claim number"),
        subscriber=above.subscriber,
        payer=above.payer,
        diagnoses=_diagnoses(own.required("HI")),
        lines=tuple([_line(line) for line in lines]),
        patient=above.patient,
        rank=above.rank,
        frequency=_frequency(clm, place[2]),
        original_reference=own.text("REF", "F8"),
        place=place[0],
        accepts_assignment=clm[7],
        benefits_assigned=clm[8],
        release_signed=clm[9],
        delay_reason=clm[20],
        attachments=tuple(Attachment(paper[1], paper[2], paper[6]) for paper in own.all("PWK")),
        patient_paid=own.amount("F5"),
        referral=own.text("REF", "9F"),
        authorization=own.text("REF", "G1"),
        medical_record=own.text("REF", "EA"),
        note=own.text("NTE", "ADD"),
        homebound=own.first("CRC", "75") is not None,
        referring=_provider(referring) if referring else None,
        other_payers=tuple([_other_payer(other) for other in others]),
    )
    if found.charge != clm.amount(2):
        raise clm.refusal(2, f"{found.charge}, the sum of the lines' charges")
    return found


def _frequency(clm: Segment, code: str) -> Frequency:
    try:
        return Frequency(code)
    except ValueError:
        raise clm.refusal(5, "frequency 1, 7 or 8", component=3) from None


def _diagnoses(hi: Segment) -> tuple[str, ...]:
    found = []
    for element in range(1, len(hi) + 1):
        qualifier, _, code = hi[element].partition(hi.component)
        if qualifier not in ("ABK", "ABF", "BK", "BF") or not code:
            raise hi.refusal(element, "a diagnosis such as ABK:L03115")
        found.append(code)
    return tuple(found)


def _provider(loop: Loop) -> Provider:
    return Provider(_name(loop.head), loop.head[9])


def _other_payer(loop: Loop) -> OtherPayer:
    holder, payer = loop.named("IL"), loop.named("PR")
    own = loop.head
    remarks = loop.first("MOA")
    return OtherPayer(
        name=payer.head[3],
        identifier=payer.head[9],
        rank=own[1],
        holder=_name(holder.head),
        member_id=holder.head[9],
        kind=own[9],
        relation=own[2],
        group_number=own[3],
        paid=loop.amount("D"),
        adjustments=read_adjustments(loop.all("CAS")),
        not_covered=loop.amount("A8"),
        patient_owes=loop.amount("EAF"),
        remarks=tuple(remarks[at] for at in range(3, 8) if remarks[at]) if remarks else (),
        paid_on=payer.day("573"),
        claim_control=payer.text("REF", "F8"),
    )


def _line(whole: Loop) -> ServiceLine:
    results = whole.split("SVD")
    own = whole.until("SVD")
    sv1, ordering = own.required("SV1"), own.maybe("DK")
    procedure = [*sv1.parts(1), *[""] * 7]
    first, last = own.required("DTP", "472").span(3)
    return ServiceLine(
        code=procedure[1],
        charge=sv1.amount(2),
        units=sv1.quantity(4),
        days=Days(first, last),
        control_number=own.text("REF", "6R"),
        modifiers=tuple(modifier for modifier in procedure[2:6] if modifier),
        pointers=_pointers(sv1),
        unit=sv1[3],
        place=sv1[5],
        description=procedure[6],
        rental=_rental(own),
        prescribed_on=own.day("471"),
        begun_on=own.day("463"),
        shipped_on=own.day("011"),
        authorizations=tuple(found[2] for found in own.all("REF", "G1")),
        note=own.text("NTE", "ADD"),
        drug=_drug(own),
        ordering=_provider(ordering) if ordering else None,
        adjudications=tuple([_adjudication(result) for result in results]),
    )


def _pointers(sv1: Segment) -> tuple[int, ...]:
    found = sv1.parts(7)
    if not all(part.isascii() and part.isdigit() and len(part) <= 2 for part in found):
        raise sv1.refusal(7, "pointers to diagnoses, such as 1:2")
    return tuple(map(int, found))


def _rental(line: Loop) -> Rental | None:
    if (sv5 := line.first("SV5")) is None:
        return None
    return Rental(sv5.whole(3), sv5.amount(4), sv5.amount(5), sv5[6])


def _drug(line: Loop) -> Drug | None:
    if (lin := line.first("LIN")) is None:
        return None
    ctp = line.required("CTP")
    if lin[2] != "N4":
        raise lin.refusal(2, "N4, a National Drug Code")
    return Drug(lin[3], ctp.quantity(4), ctp[5], line.text("REF", "XZ"), line.text("REF", "VY"))


def _adjudication(loop: Loop) -> LineAdjudication:
    svd = loop.head
    procedure = [*svd.parts(3), ""]
    return LineAdjudication(
        payer_id=svd[1],
        paid=svd.amount(2),
        code=procedure[1],
        units=svd.quantity(5),
        paid_on=loop.required("DTP", "573").day(3),
        adjustments=read_adjustments(loop.all("CAS")),
        modifiers=tuple(modifier for modifier in procedure[2:6] if modifier),
        patient_owes=loop.amount("EAF"),
    )
