"""Professional claims as X12 837P (005010X222A1): checked whole, written segment by segment, read back equal.

Loop order after the guide's public maps and its own home infusion examples; see claim_data for what the fields mean.
"""

from collections.abc import Iterable, Iterator

from infusion_desktop.edi.adjustments import Adjustment, each_adjustment
from infusion_desktop.edi.claim_checks import MOST_CLAIMS, batch_reasons, claim_reasons, heading_reasons
from infusion_desktop.edi.claim_data import (
    Address,
    Batch,
    Claim,
    ClaimFile,
    Drug,
    Heading,
    LineAdjudication,
    Name,
    OtherPayer,
    Provider,
    ServiceLine,
)
from infusion_desktop.edi.claims_837p_reading import find_place, read
from infusion_desktop.edi.x12_writing import clean, day, differs, enclose, number, segment, transaction
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.money import ZERO

__all__ = ["VERSION", "check", "find_place", "read", "segments", "write"]

VERSION = "005010X222A1"
_CLAIMS_A_LEVEL = 100
_Notices = list[str]


def check(batch: Batch) -> tuple[str, ...]:
    """Every reason why this batch cannot be written; empty when it can."""
    return tuple(batch_reasons(batch))


def write(batch: Batch) -> ClaimFile:
    """The whole file with its totals, or Refused with every reason of every claim."""
    refuse_if(batch_reasons(batch))
    notices: _Notices = []
    text = "".join(_file(batch.heading, batch.claims, notices))
    return ClaimFile(text, len(batch.claims), batch.charge, tuple(dict.fromkeys(notices)))


def segments(heading: Heading, claims: Iterable[Claim], notices: list[str] | None = None) -> Iterator[str]:
    """The file claim by claim, for batches that need not be whole in memory; each claim is checked as it comes.

    Refused at the first claim that cannot be written: keep the text only when the last piece was given. Sentences
    about changed texts are added to ``notices``. Claims of one person and payer that follow each other share a level.
    """
    refuse_if(heading_reasons(heading))
    return _file(heading, _checked(claims), [] if notices is None else notices)


def _checked(claims: Iterable[Claim]) -> Iterator[Claim]:
    for place, claim in enumerate(claims, 1):
        if place > MOST_CLAIMS:
            raise Refused(f"The batch holds more than {MOST_CLAIMS:,} claims. Split it.")
        refuse_if(claim_reasons(claim))
        yield claim


def _file(heading: Heading, claims: Iterable[Claim], notices: _Notices) -> Iterator[str]:
    control = heading.transaction_control
    body = transaction(f"ST*837*{control}*{VERSION}", control, _body(heading, claims, notices))
    return enclose(heading.interchange, "HC", VERSION, body)


def _body(heading: Heading, claims: Iterable[Claim], notices: _Notices) -> Iterator[list[str]]:
    """Runs of segments: the head, then each claim with the levels it opens."""
    written = _Texts(notices)
    yield [*_heading(heading, written), *_pharmacy(heading, written)]
    levels = _Levels(written)
    for claim in claims:
        written.claim = claim.number
        yield [*levels.before(claim), *_claim(claim, written)]


class _Texts:
    """Texts on their way into the file, with a notice for each that had to be changed."""

    def __init__(self, notices: _Notices) -> None:
        self._notices = notices
        self.claim = ""

    def __call__(self, text: str, longest: int, what: str) -> str:
        plain = clean(text, longest)
        if plain != text and differs(text, plain):
            where = f"Claim {self.claim}" if self.claim else "The file's head"
            self._notices.append(f"{where}: {what} “{text[:60]}” was written as “{plain}”.")
        return plain

    def person(self, role: str, name: Name, qualifier: str = "", identifier: str = "") -> str:
        """An NM1 of a person."""
        parts = (
            self(name.last, 60, "last name"),
            self(name.first, 35, "first name"),
            self(name.middle, 25, "middle name"),
            "",
            self(name.suffix, 10, "suffix"),
        )
        return segment("NM1", role, "1", *parts, qualifier, identifier)

    def organisation(self, role: str, name: str, qualifier: str, identifier: str) -> str:
        """An NM1 of an organisation."""
        return segment("NM1", role, "2", self(name, 60, "name"), "", "", "", "", qualifier, identifier)

    def address(self, address: Address) -> Iterator[str]:
        """N3 and N4."""
        yield segment("N3", self(address.street, 55, "street"), self(address.street2, 55, "street"))
        yield segment("N4", self(address.city, 30, "city"), address.state, address.zip_code)


def _heading(heading: Heading, written: _Texts) -> Iterator[str]:
    """BHT, 1000A, 1000B."""
    submitter, receiver = heading.submitter, heading.receiver
    made = day(heading.interchange.written_on), f"{heading.interchange.written_at:%H%M}"
    yield segment("BHT", "0019", "18" if heading.reissue else "00", heading.batch_number, *made, "CH")
    yield written.organisation("41", submitter.name, "46", submitter.identifier)
    yield segment("PER", "IC", written(submitter.contact, 60, "contact"), "TE", submitter.phone)
    yield written.organisation("40", receiver.name, "46", receiver.identifier)


def _pharmacy(heading: Heading, written: _Texts) -> Iterator[str]:
    """2000A, 2010AA, 2010AB."""
    pharmacy = heading.billing
    yield "HL*1**20*1"
    yield segment("PRV", "BI", "PXC", pharmacy.taxonomy)
    yield written.organisation("85", pharmacy.name, "XX", pharmacy.npi)
    yield from written.address(pharmacy.address)
    yield segment("REF", "EI", pharmacy.tax_id)
    if pharmacy.pay_to:
        yield "NM1*87*2"
        yield from written.address(pharmacy.pay_to)


class _Levels:
    """Opens subscriber and patient levels (HL) when a claim needs others than the one before it."""

    def __init__(self, written: _Texts) -> None:
        self._written = written
        self._last = 1
        self._parent = 1
        self._held = 0
        self._subscriber: object = None
        self._patient: object = None

    def before(self, claim: Claim) -> Iterator[str]:
        """The levels to open before this claim."""
        subscriber = (claim.subscriber, claim.payer, claim.rank, claim.patient is None)
        self._held += 1
        full = self._held > _CLAIMS_A_LEVEL
        if subscriber != self._subscriber or (full and claim.patient is None):
            self._subscriber, self._patient, self._held = subscriber, None, 1
            yield from self._open_subscriber(claim)
        if claim.patient and (claim.patient != self._patient or full):
            self._patient, self._held = claim.patient, 1
            yield from self._open_patient(claim)

    def _open_subscriber(self, claim: Claim) -> Iterator[str]:
        """2000B, 2010BA, 2010BB."""
        self._last += 1
        self._parent = self._last
        subscriber, payer, is_patient = claim.subscriber, claim.payer, claim.patient is None
        written = self._written
        yield f"HL*{self._last}*1*22*{int(not is_patient)}"
        group_name = "" if subscriber.group_number else written(subscriber.group_name, 60, "group name")
        group = subscriber.group_number, group_name, payer.medicare_second
        yield segment("SBR", claim.rank, "18" if is_patient else "", *group, "", "", "", payer.kind)
        yield written.person("IL", subscriber.name, "MI", subscriber.member_id)
        if subscriber.address:
            yield from written.address(subscriber.address)
        if subscriber.born_on:
            yield segment("DMG", "D8", day(subscriber.born_on), subscriber.sex)
        yield written.organisation("PR", payer.name, "PI", payer.identifier)
        if payer.address:
            yield from written.address(payer.address)
        if payer.our_number:
            yield segment("REF", "G2", payer.our_number)

    def _open_patient(self, claim: Claim) -> Iterator[str]:
        """2000C, 2010CA."""
        if (patient := claim.patient) is None:
            return
        self._last += 1
        yield f"HL*{self._last}*{self._parent}*23*0"
        yield segment("PAT", patient.relation)
        yield self._written.person("QC", patient.name)
        yield from self._written.address(patient.address)
        yield segment("DMG", "D8", day(patient.born_on), patient.sex)


def _claim(claim: Claim, written: _Texts) -> Iterator[str]:
    """2300 and all below it."""
    place = claim.place, "B", claim.frequency.value
    consent = "Y", claim.accepts_assignment, claim.benefits_assigned, claim.release_signed
    tail = ("",) * 10 + (claim.delay_reason,) if claim.delay_reason else ()
    yield segment("CLM", claim.number, number(claim.charge), "", "", place, *consent, *tail)
    for paper in claim.attachments:
        numbered = ("", "", "AC", paper.number) if paper.number else ()
        yield segment("PWK", paper.kind, paper.sent_by, *numbered)
    if claim.patient_paid is not None:
        yield segment("AMT", "F5", number(claim.patient_paid))
    yield from _references(claim)
    if claim.note:
        yield segment("NTE", "ADD", written(claim.note, 80, "note"))
    if claim.homebound:
        yield "CRC*75*Y*IH"
    codes = [code.replace(".", "") for code in claim.diagnoses]
    yield segment("HI", ("ABK", codes[0]), *[("ABF", code) for code in codes[1:]])
    if claim.referring:
        yield _provider("DN", claim.referring, written)
    for other in claim.other_payers:
        yield from _other_payer(claim, other, written)
    for place_of_line, line in enumerate(claim.lines, 1):
        yield f"LX*{place_of_line}"
        yield from _line(line, written)


def _references(claim: Claim) -> Iterator[str]:
    if claim.referral:
        yield segment("REF", "9F", claim.referral)
    if claim.authorization:
        yield segment("REF", "G1", claim.authorization)
    if claim.original_reference:
        yield segment("REF", "F8", claim.original_reference)
    if claim.medical_record:
        yield segment("REF", "EA", claim.medical_record)


def _provider(role: str, provider: Provider, written: _Texts) -> str:
    return written.person(role, provider.name, "XX", provider.npi)


def _other_payer(claim: Claim, other: OtherPayer, written: _Texts) -> Iterator[str]:
    """2320, 2330A, 2330B."""
    yield segment("SBR", other.rank, other.relation, other.group_number, "", "", "", "", "", other.kind)
    yield from _adjustments(other.adjustments)
    amounts = ("D", other.paid), ("A8", other.not_covered), ("EAF", other.patient_owes)
    for qualifier, amount in amounts:
        if amount is not None:
            yield segment("AMT", qualifier, number(amount))
    yield segment("OI", "", "", claim.benefits_assigned, "", "", claim.release_signed)
    if other.remarks:
        yield segment("MOA", "", "", *other.remarks)
    yield written.person("IL", other.holder, "MI", other.member_id)
    yield written.organisation("PR", other.name, "PI", other.identifier)
    if other.paid_on:
        yield segment("DTP", "573", "D8", day(other.paid_on))
    if other.claim_control:
        yield segment("REF", "F8", other.claim_control)


def _adjustments(adjustments: tuple[Adjustment, ...]) -> Iterator[str]:
    for group, run in each_adjustment(adjustments):
        triplets: list[str] = []
        for one in run:
            quantity = number(one.quantity) if one.quantity is not None else ""
            triplets += one.reason, number(one.amount), quantity
        yield segment("CAS", group, *triplets)


def _line(line: ServiceLine, written: _Texts) -> Iterator[str]:
    """2400 after its LX."""
    yield _service(line, written)
    if rental := line.rental:
        prices = number(rental.rental), number(rental.purchase)
        yield segment("SV5", ("HC", line.code), "DA", str(rental.days), *prices, rental.period)
    first, last = line.days.first, line.days.last
    span = f"D8*{day(first)}" if first == last else f"RD8*{day(first)}-{day(last)}"
    yield f"DTP*472*{span}"
    for qualifier, on in (("471", line.prescribed_on), ("463", line.begun_on), ("011", line.shipped_on)):
        if on:
            yield f"DTP*{qualifier}*D8*{day(on)}"
    for authorization in line.authorizations:
        yield segment("REF", "G1", authorization)
    yield segment("REF", "6R", line.control_number)
    if line.note:
        yield segment("NTE", "ADD", written(line.note, 80, "note"))
    if line.drug:
        yield from _drug(line.drug)
    if line.ordering:
        yield _provider("DK", line.ordering, written)
    for result in line.adjudications:
        yield from _adjudication(result)


def _service(line: ServiceLine, written: _Texts) -> str:
    procedure: tuple[str, ...] = ("HC", line.code, *line.modifiers)
    if line.description:
        blanks = ("",) * (4 - len(line.modifiers))
        procedure = (*procedure, *blanks, written(line.description, 80, "description"))
    pointers = tuple(map(str, line.pointers))
    return segment("SV1", procedure, number(line.charge), line.unit, number(line.units), line.place, "", pointers)


def _drug(drug: Drug) -> Iterator[str]:
    """2410."""
    yield f"LIN**N4*{drug.ndc}"
    yield segment("CTP", "", "", "", number(drug.quantity), drug.unit)
    if drug.prescription:
        yield segment("REF", "XZ", drug.prescription)
    if drug.link:
        yield segment("REF", "VY", drug.link)


def _adjudication(result: LineAdjudication) -> Iterator[str]:
    """2430."""
    procedure = ("HC", result.code, *result.modifiers)
    yield segment("SVD", result.payer_id, number(result.paid), procedure, "", number(result.units))
    yield from _adjustments(result.adjustments)
    yield f"DTP*573*D8*{day(result.paid_on)}"
    if result.patient_owes is not None:
        yield segment("AMT", "EAF", number(result.patient_owes or ZERO))
