"""Reports that are put into a folder each morning."""

from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from infusion_desktop.database.types import STRICT, Choice, Table, one_of
from infusion_desktop.reporting.words import Form, PeriodRule


class ReportSchedule(Table):
    """A report, or the month-end bundle (no ``report``), that goes to a folder once a day until it is ended."""

    __tablename__ = "report_schedule"
    __table_args__ = (one_of("period", PeriodRule), one_of("form", Form), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    report: Mapped[str] = mapped_column(default="")
    period: Mapped[PeriodRule] = mapped_column(Choice(PeriodRule))
    payer: Mapped[str] = mapped_column(default="")
    therapy_class: Mapped[str] = mapped_column(default="")
    only: Mapped[str] = mapped_column(default="")
    form: Mapped[Form] = mapped_column(Choice(Form))
    folder: Mapped[str]
    sent_on: Mapped[date | None]
    """The day it was last put there."""
    failed: Mapped[str] = mapped_column(default="")
    """Why it could not be put there when it was last tried, "" when it could."""
    ended_at: Mapped[datetime | None]
