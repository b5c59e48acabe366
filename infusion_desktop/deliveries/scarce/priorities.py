"""Which therapies are served first when an item is scarce: the shipped ranks, and the pharmacist's own."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.deliveries.scarce.shortage_tables import TherapyPriority
from infusion_desktop.errors import Refused, refuse_if_changed
from infusion_desktop.patients.words import TherapyClass

_T = TherapyClass
SHIPPED: Mapping[TherapyClass, int] = {
    _T.PROSTACYCLIN: 1, _T.INOTROPE: 1, _T.FACTOR: 1,
    _T.PARENTERAL_NUTRITION: 2, _T.PAIN: 2, _T.CHEMOTHERAPY: 2, _T.BLOOD_PRODUCT: 2,
    _T.ANTI_INFECTIVE: 3, _T.IMMUNE_GLOBULIN: 3, _T.ANTICOAGULANT: 3, _T.INSULIN: 3, _T.DIURETIC: 3,
    _T.ENTERAL_NUTRITION: 4, _T.ENZYME: 4, _T.ALPHA_1: 4, _T.ANTI_TNF: 4, _T.CHELATION: 4, _T.CORTICOSTEROID: 4,
    _T.HYDRATION: 6, _T.ANTI_EMETIC: 6, _T.CATHETER_CARE: 7, _T.IRRIGATION: 7,
}  # fmt: skip
"""A starting point of our own, by what a missed dose does: within hours, within days, later. A pharmacist decides."""
OTHER = 5


def priorities(session: Session) -> dict[TherapyClass, int]:
    """The rank of every class of therapy, 1 served first."""
    own = {row.therapy_class: row.rank for row in session.scalars(select(TherapyPriority))}
    return {each: own.get(each, SHIPPED.get(each, OTHER)) for each in TherapyClass}


def set_priority(database: Database, therapy_class: TherapyClass, rank: int, why: str, by: UserId, *, was: int) -> None:
    """Serve a class of therapy earlier or later than ``was`` shows when something is scarce; the reason is kept."""
    if not 1 <= rank <= 9:
        raise Refused("A priority is from 1 (first) to 9 (last).")
    if not why.strip():
        raise Refused("Say why this therapy is served earlier or later.")
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_TEMPLATES)
        kept = session.get(TherapyPriority, therapy_class, with_for_update=True)
        before = priorities(session)[therapy_class]
        refuse_if_changed(f"when {therapy_class.value} is served", was, before)
        if kept is None:
            session.add(TherapyPriority(therapy_class=therapy_class, rank=rank, why=why.strip()))
        else:
            kept.rank, kept.why = rank, why.strip()
        record(session, by, "set priority", "therapy priority", before={"rank": before}, reason=why,
               after={"therapy": therapy_class, "rank": rank})  # fmt: skip
