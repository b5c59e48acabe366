"""What of a month a claim bills: all of it, what is in time, some therapies alone, or all but those billed apart."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from infusion_desktop.billing.rules.counted import MonthCounted, in_places
from infusion_desktop.billing.tables import Claim
from infusion_desktop.billing.words import ClaimId, ClaimState, Frequency
from infusion_desktop.database.many import as_ids, is_given
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import Days, month_of
from infusion_desktop.patients.words import CoverageId, PatientId
from infusion_desktop.values import value

WHOLE: frozenset[int] = frozenset()
"""No therapies of its own: a claim for all that no other claim of the month is for."""


@value
class Scope:
    """What a claim bills of a month, where it is not all of it.

    ``counts_from`` is the first day that was not too late; units that the claims ``beside`` took count as free.
    """

    counts_from: date | None = None
    only: frozenset[int] = WHOLE
    without: frozenset[int] = WHOLE
    beside: tuple[ClaimId, ...] = ()

    def has(self, therapy: int | None) -> bool:
        """Whether it bills a therapy's lines; None: those of no therapy in particular, which stay with the rest."""
        return therapy in self.only if self.only else therapy not in self.without

    def of(self, month: MonthCounted) -> MonthCounted:
        """Its part of a whole count."""
        if not self.only and not self.without:
            return month
        lines = in_places(line for line in month.lines if self.has(line.therapy_id))
        told = "Some therapies of this month are on a claim of their own."
        if self.only:
            told = "A claim for some therapies of this month; the others are on a claim of their own."
        left_out = tuple(each for each in month.left_out if self.has(each.therapy_id))
        return replace(month, lines=lines, left_out=left_out, notes=(told, *month.notes))


def as_text(therapies: frozenset[int]) -> str:
    """Therapies as a claim keeps them."""
    return " ".join(map(str, sorted(therapies)))


def of_text(text: str) -> frozenset[int]:
    """The same, read back."""
    return frozenset(map(int, text.split()))


def scope_of(session: Session, claim: ClaimId) -> Scope:
    """What a claim bills of its month."""
    kept = session.get_one(Claim, claim)
    if kept.primary_id is not None:
        return Scope(beside=(claim,))
    patient, coverage = PatientId(kept.patient_id), CoverageId(kept.coverage_id)
    month = month_of(kept.period_first)
    found = scope_of_month(session, patient, coverage, month, of_text(kept.therapies), kept.counts_from)
    return found if claim in found.beside else replace(found, beside=(*found.beside, claim))


def scope_of_month(
    session: Session,
    patient: PatientId,
    coverage: CoverageId,
    month: Days,
    therapies: frozenset[int],
    counts_from: date | None,
) -> Scope:
    """What the claim for some therapies of a month bills, or the one for all others."""
    standing = _standing(session, [patient], coverage, month)
    beside = tuple(ClaimId(row.id) for row in standing)
    if therapies:
        return Scope(counts_from, only=therapies, beside=beside)
    apart = frozenset[int]().union(*(of_text(row.therapies) for row in standing))
    return Scope(counts_from, without=apart, beside=beside)


def parts_of(session: Session, patient: PatientId, coverage: CoverageId, month: Days) -> tuple[frozenset[int], ...]:
    """The therapies of each claim that the month is billed on: the one for all others, and those set apart.

    A claim for all others that was withdrawn while one set apart stands is none of them.
    """
    kept = {of_text(row.therapies) for row in _standing(session, [patient], coverage, month)}
    return tuple(sorted(kept, key=sorted)) or (WHOLE,)


def _standing(session: Session, patients: Sequence[int], coverage: CoverageId, month: Days) -> Sequence[Any]:
    """The claims to the first payer that stand for a month."""
    rows = _STANDING.rows(session, {**as_ids(patients), "first": month.first, "last": month.last})
    return [row for row in rows if row.coverage_id == coverage]


def split_months(session: Session, patients: Sequence[int], month: Days) -> frozenset[tuple[int, int]]:
    """The patients and policies that have more than one claim for a month."""
    rows = _SPLIT.rows(session, {**as_ids(patients), "first": month.first, "last": month.last})
    return frozenset((row.patient_id, row.coverage_id) for row in rows)


def _stand(dialect: str) -> Select[*tuple[Any, ...]]:
    return (
        select(Claim.id, Claim.patient_id, Claim.coverage_id, Claim.therapies)
        .where(is_given(dialect, Claim.patient_id), Claim.period_first.between(bindparam("first"), bindparam("last")))
        .where(Claim.primary_id.is_(None), Claim.state != ClaimState.VOIDED, Claim.frequency != Frequency.VOID)
        .order_by(Claim.id)
    )


def _split(dialect: str) -> Select[*tuple[Any, ...]]:
    return _stand(dialect).where(Claim.therapies != "")


_STANDING, _SPLIT = Prepared(_stand), Prepared(_split)
