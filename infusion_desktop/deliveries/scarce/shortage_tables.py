"""Which therapies are served first when an item is scarce."""

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infusion_desktop.database.types import STRICT, Choice, Table, one_of
from infusion_desktop.patients.words import TherapyClass


class TherapyPriority(Table):
    """The pharmacy's own rank of a class of therapy, 1 first; classes without a row have the shipped one."""

    __tablename__ = "therapy_priority"
    __table_args__ = (
        one_of("therapy_class", TherapyClass),
        CheckConstraint("rank BETWEEN 1 AND 9", name="rank_known"),
        STRICT,
    )

    therapy_class: Mapped[TherapyClass] = mapped_column(Choice(TherapyClass), primary_key=True)
    rank: Mapped[int]
    why: Mapped[str] = mapped_column(default="")
