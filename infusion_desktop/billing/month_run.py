"""Bill a month: every patient with a therapy in it is counted, checked, and what is ready goes into files by payer."""

from collections import defaultdict
from collections.abc import Generator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from infusion_desktop.access.roles import UserId
from infusion_desktop.billing.charging import make_claim
from infusion_desktop.billing.checking import check
from infusion_desktop.billing.claims import Route, write_file
from infusion_desktop.billing.counting import CoveredPeriod, covered_periods
from infusion_desktop.billing.tables import Claim
from infusion_desktop.billing.words import ClaimId, ClaimState
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days
from infusion_desktop.errors import NotAllowed, Refused
from infusion_desktop.patients.tables import Patient, Therapy
from infusion_desktop.patients.words import PatientId
from infusion_desktop.progress import Progress


@dataclass(frozen=True, slots=True)
class MonthRun:
    """What a run did: the files by name, a sentence for each claim, and one for each patient or claim that must wait.

    Patients are named by their number only.
    """

    files: tuple[tuple[str, str], ...]
    done: tuple[str, ...]
    refused: tuple[str, ...]
    claims: tuple[ClaimId, ...]


def run_month(
    database: Database,
    month: Days,
    by: UserId,
    payer: str = "",
    *,
    send: bool = True,
    route: Route | None = None,
    files: list[tuple[str, str]] | None = None,
    on: date | None = None,
) -> Generator[Progress, None, MonthRun]:
    """Count, check and, with ``send``, write the files of a month; each claim is a deed of its own.

    What cannot be billed is told and does not stop the others. Run again, it changes only what has changed. Each file
    is put into ``files`` as soon as it is written: whoever stops the run half way has those that left before. Claims
    are checked as of ``on``, today without one.
    """
    with database.reading() as session:
        work = _patients(session, month, payer)
    done: list[str] = []
    refused: list[str] = []
    claims: list[ClaimId] = []
    ready: dict[int, list[ClaimId]] = defaultdict(list)
    for place, (patient, number, covered) in enumerate(work):
        yield Progress(place, len(work), number)
        try:
            claim = make_claim(database, patient, month, by, covered.coverage_id)
            claims.append(claim)
            state, told = _checked(database, claim, by, on)
        except NotAllowed:
            raise
        except Refused as no:
            refused += [f"Patient {number}: {reason}" for reason in no.reasons]
            continue
        if state is ClaimState.READY:
            ready[covered.payer_id].append(claim)
        (done if state is not ClaimState.DRAFT else refused).extend(told)
    files = [] if files is None else files
    batches = list(ready.values()) if send else []
    for place, batch in enumerate(batches):
        yield Progress(len(work), len(work) + len(batches) - place, f"File {place + 1} of {len(batches)}")
        try:
            written = write_file(database, batch, by, route)
        except NotAllowed:
            raise
        except Refused as no:
            refused += no.reasons
            continue
        files.append((written.name, written.text))
        done += written.notices
    yield Progress(len(work), len(work))
    return MonthRun(tuple(files), tuple(done), tuple(refused), tuple(claims))


def _checked(database: Database, claim: ClaimId, by: UserId, on: date | None) -> tuple[ClaimState, list[str]]:
    with database.reading() as session:
        kept = session.get_one(Claim, claim)
        number, state, charge = kept.number, kept.state, kept.charge
    if state not in (ClaimState.DRAFT, ClaimState.READY):
        return state, [f"Claim {number} is {state.value} already."]
    stopping = [each.sentence for each in check(database, claim, by, on=on) if each.stops]
    if stopping:
        return ClaimState.DRAFT, [f"Claim {number}: {sentence}" for sentence in stopping]
    return ClaimState.READY, [f"Claim {number} over {charge} is ready."]


def _patients(session: Session, month: Days, payer: str) -> list[tuple[PatientId, str, CoveredPeriod]]:
    rows = session.execute(
        select(Patient.id, Patient.number)
        .join(Therapy, Therapy.patient_id == Patient.id)
        .where(Therapy.starts_on <= month.last, or_(Therapy.stops_on.is_(None), Therapy.stops_on >= month.first))
        .distinct()
        .order_by(Patient.number)
    )
    found = []
    for row in rows:
        patient = PatientId(row.id)
        found += [
            (patient, row.number, covered)
            for covered in covered_periods(session, patient, month)
            if payer.strip().lower() in ("", covered.payer.lower())
        ]
    return found
