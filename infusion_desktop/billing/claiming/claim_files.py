"""What a claim file (837P) says of our claims: rows of claim, patient, coverage, payer and prescriber as plain data."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from infusion_desktop.billing.claiming.cob import EarlierPayer, earlier_payers, repeats_lines
from infusion_desktop.billing.money.matching import LINE_CONTROL
from infusion_desktop.billing.money.money_tables import ClaimPart
from infusion_desktop.billing.rules.checks.facts import pointers_to
from infusion_desktop.billing.tables import Authorization, Claim, ClaimLine
from infusion_desktop.billing.terms.code_table import code_table
from infusion_desktop.billing.words import Frequency, LineKind
from infusion_desktop.dates import Days
from infusion_desktop.edi import claim_data as edi
from infusion_desktop.edi.claim_checks import MOST_LINES
from infusion_desktop.errors import Refused
from infusion_desktop.patients.tables import Coverage, Patient, Payer, Prescriber, Therapy
from infusion_desktop.patients.words import Relation

MOST_OF_A_NOTE = 80
_NARRATIVE_FACTS = ("drug_name_required", "narrative_required")


@dataclass(frozen=True, slots=True)
class _Orders:
    therapies: Mapping[int, Therapy]
    prescribers: Mapping[int, Prescriber]
    authorizations: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A run of a claim's lines under a number of its own, what the payer calls that part, and how it is sent."""

    number: str
    control: str
    lines: Sequence[ClaimLine]
    frequency: Frequency


def for_file(session: Session, claim: Claim) -> edi.Claim:
    """The claim with all its lines as a claim file says it; lines are told apart by our own ids (REF*6R)."""
    return _filled(session, claim, (_first_piece(claim, _lines_of(session, claim)),))[0]


def parts_for_file(session: Session, claim: Claim, *, keep: bool = True) -> tuple[edi.Claim, ...]:
    """The claim as files carry it: split where it has more lines than one claim may have, each part numbered.

    The first part keeps the claim's number; the numbers of the others are kept (unless this is only a look), because
    payers answer by them. A replacement in more parts sends the new ones as originals; the parts it has no more lines
    for are voided.
    """
    if not repeats_lines(session, claim):
        raise Refused(
            f"Claim {claim.number} has its payer's own codes, which the result of the payer before cannot be told by. "
            "Print it as a CMS-1500 and send that payer's explanation of benefits with it."
        )
    before = _known_parts(session, claim.replaces_id)
    runs = _runs(session, claim)
    pieces = [_first_piece(claim, runs[0])]
    for part, lines in enumerate(runs[1:], start=2):
        pieces.append(_further_piece(claim, part, lines, before.get(part)))
        if keep:
            _keep_part(session, claim, part, pieces[-1])
    if claim.frequency is Frequency.REPLACEMENT:
        pieces += _pieces_to_void(session, claim, [before[part] for part in sorted(before) if part > len(runs)])
    return _filled(session, claim, pieces)


def _first_piece(claim: Claim, lines: Sequence[ClaimLine]) -> _Piece:
    return _Piece(claim.number, claim.payer_control_number, lines, claim.frequency)


def _runs(session: Session, claim: Claim) -> list[Sequence[ClaimLine]]:
    """The claim's lines, as many together as one claim may have; one run at least."""
    lines = _lines_of(session, claim)
    limit = max(1, min(int(json.loads(claim.days).get("line_limit", MOST_LINES)), MOST_LINES))
    return [lines[start : start + limit] for start in range(0, max(1, len(lines)), limit)]


def _known_parts(session: Session, claim: int | None) -> dict[int, ClaimPart]:
    """The further parts a claim was sent in, by their place."""
    rows = session.scalars(select(ClaimPart).where(ClaimPart.claim_id == (claim or 0)))
    return {row.part: row for row in rows}


def _further_piece(claim: Claim, part: int, lines: Sequence[ClaimLine], earlier: ClaimPart | None) -> _Piece:
    number = f"{claim.number}-{part}"
    if claim.frequency is Frequency.ORIGINAL or earlier is None:
        return _Piece(number, "", lines, Frequency.ORIGINAL)
    return _Piece(number, _control_of(claim, earlier), lines, claim.frequency)


def _control_of(claim: Claim, earlier: ClaimPart) -> str:
    """The payer's number of a part of the claim that is replaced or voided."""
    if not earlier.payer_control_number:
        raise Refused(
            f"The payer's number of part {earlier.part} of claim {claim.number} is not known. Read its answer first, "
            "or void the claim by telephone and bill it anew."
        )
    return earlier.payer_control_number


def _pieces_to_void(session: Session, claim: Claim, left: Sequence[ClaimPart]) -> Iterator[_Piece]:
    """The parts of the replaced claim that nothing stands in for any more, each with the lines it was sent with."""
    if left:
        runs = _runs(session, session.get_one(Claim, claim.replaces_id))
        for each in left:
            yield _Piece(each.number, _control_of(claim, each), runs[each.part - 1], Frequency.VOID)


def _keep_part(session: Session, claim: Claim, part: int, piece: _Piece) -> None:
    known = session.scalar(select(ClaimPart.id).where(ClaimPart.claim_id == claim.id, ClaimPart.part == part))
    if known is None:
        values = {"claim_id": claim.id, "part": part, "number": piece.number, "payer_control_number": piece.control}
        session.execute(insert(ClaimPart).values(**values))


def _lines_of(session: Session, claim: Claim) -> Sequence[ClaimLine]:
    return session.scalars(select(ClaimLine).where(ClaimLine.claim_id == claim.id).order_by(ClaimLine.position)).all()


def _filled(session: Session, claim: Claim, pieces: Sequence[_Piece]) -> tuple[edi.Claim, ...]:
    patient = session.get_one(Patient, claim.patient_id)
    coverage = session.get_one(Coverage, claim.coverage_id)
    payer = session.get_one(Payer, claim.payer_id)
    before = earlier_payers(session, claim)
    orders = _orders(session, [line for piece in pieces for line in piece.lines])
    return tuple(_one(claim, piece, patient, coverage, payer, orders, before, len(pieces) == 1) for piece in pieces)


def _one(
    claim: Claim,
    piece: _Piece,
    patient: Patient,
    coverage: Coverage,
    payer: Payer,
    orders: _Orders,
    before: Sequence[EarlierPayer],
    whole: bool,
) -> edi.Claim:
    lines = piece.lines
    diagnoses = tuple(claim.diagnoses.split())
    places = [_place(line) for line in lines]
    place = Counter(places).most_common(1)[0][0] if places else "12"
    numbers = tuple(dict.fromkeys(orders.authorizations[line.id] for line in lines if line.id in orders.authorizations))
    shared = numbers[0] if len(numbers) == 1 else ""
    written = [_line(line, place, diagnoses, orders, "" if shared else None) for line in lines]
    decided = [each for each in before if each.lines]
    return edi.Claim(
        number=piece.number,
        subscriber=_subscriber(patient, coverage),
        payer=edi.Payer(payer.name, payer.payer_code, payer.kind.value, _payer_address(payer)),
        diagnoses=diagnoses,
        lines=tuple(
            replace(made, adjudications=tuple(each.lines[line.position] for each in decided))
            for made, line in zip(written, lines, strict=True)
        )
        if decided
        else tuple(written),
        patient=None if coverage.relation is Relation.SELF else _dependent(patient, coverage),
        rank=coverage.rank.value,
        frequency=edi.Frequency(piece.frequency.value),
        original_reference=piece.control if piece.frequency is not Frequency.ORIGINAL else "",
        place=place,
        authorization=shared,
        medical_record=patient.number,
        delay_reason=claim.delay_reason,
        note=" ".join(dict.fromkeys(filter(None, map(_note, lines))))[:MOST_OF_A_NOTE],
        other_payers=tuple(each.of([line.position for line in lines], whole) for each in before),
    )


def _line(
    line: ClaimLine, place: str, diagnoses: tuple[str, ...], orders: _Orders, authorization: str | None
) -> edi.ServiceLine:
    therapy = None if line.therapy_id is None else orders.therapies.get(line.therapy_id)
    own_place = _place(line)
    number = orders.authorizations.get(line.id, "") if authorization is None else authorization
    written = edi.ServiceLine(
        code=line.code,
        charge=line.charge,
        units=line.units,
        days=Days(line.first_on, line.last_on),
        control_number=f"{LINE_CONTROL}{line.id}",
        modifiers=tuple(line.modifiers.split()),
        pointers=pointers_to(diagnoses),
        place="" if own_place == place else own_place,
        description=line.description if _needs_narrative(line.code) else "",
        authorizations=(number,) if number else (),
    )
    if therapy is not None:
        prescriber = orders.prescribers[therapy.prescriber_id]
        name = edi.Name(prescriber.last_name, prescriber.first_name)
        written = replace(written, ordering=edi.Provider(name, prescriber.npi))
    if line.kind is LineKind.DRUG and line.ndc and line.ndc_quantity:
        link = str(json.loads(line.evidence).get("compound", ""))
        prescription = "" if link else f"RX{line.therapy_id or line.id}"
        drug = edi.Drug(line.ndc, line.ndc_quantity, line.ndc_unit, prescription, link)
        prescribed = None if therapy is None else therapy.ordered_on
        written = replace(written, drug=drug, prescribed_on=prescribed)
    return written


def _needs_narrative(code: str) -> bool:
    row = code_table().find(code)
    return row is not None and (row.not_otherwise_classified or any(fact in row.facts for fact in _NARRATIVE_FACTS))


def _note(line: ClaimLine) -> str:
    return str(json.loads(line.evidence)["note"]) if '"note"' in line.evidence else ""


def _place(line: ClaimLine) -> str:
    return str(json.loads(line.evidence).get("place", "12"))


def _orders(session: Session, lines: Sequence[ClaimLine]) -> _Orders:
    ids = {line.therapy_id for line in lines if line.therapy_id is not None}
    therapies = {row.id: row for row in session.scalars(select(Therapy).where(Therapy.id.in_(ids)))}
    wanted = {row.prescriber_id for row in therapies.values()}
    prescribers = {row.id: row for row in session.scalars(select(Prescriber).where(Prescriber.id.in_(wanted)))}
    allowed = {line.authorization_id for line in lines if line.authorization_id is not None}
    numbers = {
        row.id: row.number for row in session.scalars(select(Authorization).where(Authorization.id.in_(allowed)))
    }
    by_line = {line.id: numbers[line.authorization_id] for line in lines if line.authorization_id is not None}
    return _Orders(therapies, prescribers, by_line)


def _address(row: Patient) -> edi.Address:
    return edi.Address(row.street, row.city, row.state, row.zip, row.street_2)


def _payer_address(row: Payer) -> edi.Address | None:
    return edi.Address(row.street, row.city, row.state, row.zip) if row.street and row.zip else None


def _subscriber(patient: Patient, coverage: Coverage) -> edi.Subscriber:
    if coverage.relation is Relation.SELF:
        name = edi.Name(patient.last_name, patient.first_name, patient.middle_name)
        return edi.Subscriber(
            name, coverage.member_id, _address(patient), patient.born_on, patient.sex.value, coverage.group_number
        )
    holder = edi.Name(coverage.holder_last_name, coverage.holder_first_name)
    return edi.Subscriber(holder, coverage.member_id, group_number=coverage.group_number)


def _dependent(patient: Patient, coverage: Coverage) -> edi.Patient:
    name = edi.Name(patient.last_name, patient.first_name, patient.middle_name)
    return edi.Patient(name, _address(patient), patient.born_on, patient.sex.value, coverage.relation.value)
