"""A patient's policies: which payer pays first, second, third, and on which days."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.patients import rules
from infusion_desktop.patients.demographics import the_patient
from infusion_desktop.patients.editing import change
from infusion_desktop.patients.tables import Coverage, Payer
from infusion_desktop.patients.words import CoverageId, PatientId, PayerId, PayerKind, Rank, Relation


@dataclass(frozen=True, slots=True)
class NewCoverage:
    """A policy; the holder's name and birth date are asked when the patient is not the holder. Both ends count."""

    payer_id: PayerId
    member_id: str
    starts_on: date
    rank: Rank = Rank.PRIMARY
    relation: Relation = Relation.SELF
    group_number: str = ""
    holder_last_name: str = ""
    holder_first_name: str = ""
    holder_born_on: date | None = None
    holder_sex: str = ""
    ends_on: date | None = None


def add_coverage(database: Database, patient_id: PatientId, policy: NewCoverage, by: UserId) -> CoverageId:
    """Another policy of a patient. Refused when two would have the same turn on one day."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_COVERAGE)
        the_patient(session, patient_id)
        reasons: list[str] = []
        (good,) = checked(session, [policy], reasons)
        reasons += rules.reasons_against_ranks([*_turns(session, patient_id), _turn(good)])
        refuse_if(reasons)
        return insert_coverages(session, patient_id, [good], by)[0]


def edit_coverage(database: Database, coverage_id: CoverageId, policy: NewCoverage, version: int, by: UserId) -> None:
    """Change or end a policy; ``version`` is the one that was read."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_COVERAGE)
        row = session.get(Coverage, coverage_id)
        if row is None:
            raise Refused("This coverage is not known. Open the patient again.")
        patient_id = PatientId(row.patient_id)
        reasons: list[str] = []
        (good,) = checked(session, [policy], reasons, was=row.payer_id)
        reasons += rules.reasons_against_ranks([*_turns(session, patient_id, but=coverage_id), _turn(good)])
        refuse_if(reasons)
        before, after = change(row, asdict(good), version, "this coverage")
        record(session, by, "edit", "coverage", coverage_id, patient_id=patient_id, before=before, after=after)


def checked(
    session: Session, policies: Sequence[NewCoverage], reasons: list[str], was: int | None = None
) -> list[NewCoverage]:
    """The policies in their kept spelling; what is wrong with them is added to ``reasons``."""
    wanted = {policy.payer_id for policy in policies}
    payers = {row.id: row for row in session.scalars(select(Payer).where(Payer.id.in_(wanted)))}
    return [_checked(policy, payers.get(policy.payer_id), reasons, was) for policy in policies]


def _checked(policy: NewCoverage, payer: Payer | None, reasons: list[str], was: int | None) -> NewCoverage:
    texts: dict[str, Any] = {
        name: getattr(policy, name).strip()
        for name in ("member_id", "group_number", "holder_last_name", "holder_first_name", "holder_sex")
    }
    if payer is None:
        reasons.append("Choose the payer from the list.")
    elif payer.ended_on is not None and payer.ended_on < policy.starts_on and payer.id != was:
        reasons.append(f"{payer.name} was ended. Choose another payer.")
    if not texts["member_id"] and (payer is None or payer.kind is not PayerKind.SELF_PAY):
        reasons.append("Type the member id as it stands on the card.")
    others = policy.relation is not Relation.SELF
    if others and not (texts["holder_last_name"] and texts["holder_first_name"]):
        reasons.append("Type the policy holder's name: the patient is not the holder.")
    reasons += rules.reasons_against_days(policy.starts_on, policy.ends_on, "The coverage")
    reasons += rules.reasons_against_length(texts.values())
    return replace(policy, **texts)


def insert_coverages(
    session: Session, patient_id: PatientId, policies: Sequence[NewCoverage], by: UserId
) -> list[CoverageId]:
    """Keep checked policies, within a larger deed."""
    if not policies:
        return []
    rows = [{"patient_id": patient_id, "version": 1, **asdict(policy)} for policy in policies]
    ids = session.scalars(insert(Coverage).returning(Coverage.id, sort_by_parameter_order=True), rows).all()
    for coverage_id, row in zip(ids, rows, strict=True):
        record(session, by, "add", "coverage", coverage_id, patient_id=patient_id, after=row)
    return [CoverageId(each) for each in ids]


def _turn(policy: NewCoverage) -> tuple[Rank, date, date | None]:
    return policy.rank, policy.starts_on, policy.ends_on


def _turns(
    session: Session, patient_id: PatientId, but: CoverageId | None = None
) -> list[tuple[Rank, date, date | None]]:
    kept = select(Coverage.rank, Coverage.starts_on, Coverage.ends_on).where(Coverage.patient_id == patient_id)
    if but is not None:
        kept = kept.where(Coverage.id != but)
    return [(row.rank, row.starts_on, row.ends_on) for row in session.execute(kept)]
