"""The pharmacy itself, the people who work in it, and the audit trail."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infusion_desktop.access.roles import AuditKind, Kept, Role
from infusion_desktop.database.types import APPEND_ONLY, STRICT, Choice, Table, one_of, only_where


class Pharmacy(Table):
    """Who we are on every paper and claim; the one row has id 1."""

    __tablename__ = "pharmacy"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    street: Mapped[str]
    street_2: Mapped[str] = mapped_column(default="")
    city: Mapped[str]
    state: Mapped[str]
    zip: Mapped[str]
    phone: Mapped[str]
    fax: Mapped[str] = mapped_column(default="")
    npi: Mapped[str]
    tax_id: Mapped[str]
    taxonomy: Mapped[str]
    demonstration: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Staff(Table):
    """A person who signs in. People leave; their rows stay."""

    __tablename__ = "staff"
    __table_args__ = (
        Index(
            "uq_staff_badge",
            "badge",
            unique=True,
            **only_where("badge <> ''"),
        ),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str]
    badge: Mapped[str] = mapped_column(default="")
    pin_hash: Mapped[str] = mapped_column(default="")
    must_change_password: Mapped[bool] = mapped_column(default=False)
    failed_tries: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class StaffRole(Table):
    """A role a person has."""

    __tablename__ = "staff_role"
    __table_args__ = (one_of("role", Role), STRICT)

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    role: Mapped[Role] = mapped_column(Choice(Role), primary_key=True)


class EmergencyAccess(Table):
    """Somebody took rights that their role does not have, for a while and with a reason; another person reviews it."""

    __tablename__ = "emergency_access"
    __table_args__ = (
        CheckConstraint("reviewed_by IS NULL OR reviewed_by <> staff_id", name="reviewed_by_another"),
        CheckConstraint("(reviewed_by IS NULL) = (reviewed_at IS NULL)", name="review_whole"),
        Index("ix_emergency_access_staff_id_ends_at", "staff_id", "ends_at"),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    why: Mapped[str]
    began_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reviewed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    reviewed_at: Mapped[datetime | None]
    review: Mapped[str] = mapped_column(default="")


class SavedFilter(Table):
    """A filter of a list that a person keeps under a name: the words typed and the chips pressed (a JSON list)."""

    __tablename__ = "saved_filter"
    __table_args__ = (UniqueConstraint("staff_id", "list_name", "title"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    list_name: Mapped[str]
    title: Mapped[str]
    words: Mapped[str]
    chips: Mapped[str]


SIGNING_IN = "action IN ('sign in', 'wrong password', 'lift wait')"
"""The entries that say whether a workstation waits: written in the query as in its index, or neither engine uses it."""


class AuditEntry(Table):
    """Who did what, when, where and why; each entry's seal covers the one before it."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        one_of("kind", AuditKind),
        Index("ix_audit_entry_patient", "patient_id", **only_where("patient_id IS NOT NULL")),
        Index("ix_audit_entry_signing_in", "at", **only_where(SIGNING_IN)),
        APPEND_ONLY,
    )  # fmt: skip

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[AuditKind] = mapped_column(Choice(AuditKind))
    at: Mapped[datetime]
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    workstation: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    subject_id: Mapped[int | None]
    patient_id: Mapped[int | None]
    before: Mapped[str]
    after: Mapped[str]
    reason: Mapped[str]
    seal: Mapped[str]


class KeepingRule(Table):
    """How many years the pharmacy keeps something, where its state asks for more; the newest row of a kind holds."""

    __tablename__ = "keeping_rule"
    __table_args__ = (one_of("kept", Kept), CheckConstraint("years BETWEEN 1 AND 100", name="years_known"), APPEND_ONLY)

    id: Mapped[int] = mapped_column(primary_key=True)
    kept: Mapped[Kept] = mapped_column(Choice(Kept))
    years: Mapped[int]
    why: Mapped[str]
    decided_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class Purge(Table):
    """What was let go because its time was over: the database lets nothing go that no row here names.

    For the audit trail it is the gap marker: ``through`` and ``seal`` are those of the last entry that went, and
    ``mark`` seals the row itself (see audit.py).
    """

    __tablename__ = "purge"
    __table_args__ = (one_of("kept", Kept), APPEND_ONLY)

    id: Mapped[int] = mapped_column(primary_key=True)
    kept: Mapped[Kept] = mapped_column(Choice(Kept))
    before: Mapped[datetime]
    """What was made before this moment went."""
    removed: Mapped[int]
    through: Mapped[int] = mapped_column(default=0)
    seal: Mapped[str] = mapped_column(default="")
    mark: Mapped[str]
    why: Mapped[str]
    at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class AuditHead(Table):
    """The newest entry's number and seal, and the secret that seals are made with; the one row has id 1."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
    seal: Mapped[str]
    secret: Mapped[str]
