"""Numbers that are given once and never again: deliveries, claims, control numbers."""

from sqlalchemy import text
from sqlalchemy.orm import Mapped, Session, mapped_column

from infusion_desktop.database.prepared import Prepared
from infusion_desktop.database.types import STRICT, Table


class Counter(Table):
    """The last number given in a series."""

    __tablename__ = "counter"
    __table_args__ = (STRICT,)

    series: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]


_TAKE = Prepared(
    text(
        "INSERT INTO counter (series, last) VALUES (:series, :start) "
        "ON CONFLICT (series) DO UPDATE SET last = counter.last + :count RETURNING last"
    )
)


def next_number(session: Session, series: str, first: int = 1, count: int = 1) -> int:
    """The next number of a series (the first of ``count``); two workstations never get the same one.

    A number taken by a deed that is rolled back is given again, since nobody saw it.
    """
    taken = {"series": series, "start": first + count - 1, "count": count}
    return int(_TAKE.value(session, taken)) - count + 1
