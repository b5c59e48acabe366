"""What every list may ask of the program: the person's kept filters, and the list on paper."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from infusion_desktop.access.roles import UserId
from infusion_desktop.access.saved_filters import Filter, filters_of, forget_filter, keep_filter, note_list
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.jobs import Jobs
from infusion_desktop.desktop.messages import Messages
from infusion_desktop.desktop.table import Column
from infusion_desktop.errors import Refused

R = TypeVar("R")
MOST_PRINTED = 5_000
_MANY_COLUMNS = 6


class Lists(QObject):
    """Keeps one person's filters in mind, so that lists can show them at once."""

    changed = Signal()

    def __init__(self, context: Context, jobs: Jobs, messages: Messages, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context, self._jobs, self._messages = context, jobs, messages
        self._filters: dict[str, tuple[Filter, ...]] = {}
        self._load()

    def filters(self, list_name: str) -> tuple[Filter, ...]:
        """The filters this person keeps of a list."""
        return self._filters.get(list_name, ())

    def keep(self, list_name: str, kept: Filter, near: QWidget) -> None:
        """Keep a filter."""
        database, by = self._context.database, self._context.user_id
        self._do(lambda: keep_filter(database, list_name, kept, by), f"“{kept.title.strip()}” is kept.", near)

    def forget(self, list_name: str, title: str, near: QWidget) -> None:
        """Forget a filter."""
        database, by = self._context.database, self._context.user_id
        self._do(lambda: forget_filter(database, list_name, title, by), f"“{title}” is forgotten.", near)

    def print(
        self, title: str, chosen: str, columns: Sequence[Column[Any]], rows: Sequence[Any], desk: Desk, near: QWidget
    ) -> None:
        """Show the rows of a list as a paper; ``chosen`` says by what they were filtered."""
        if len(rows) > MOST_PRINTED:
            number = f"{len(rows):,}"
            self._messages.refused((f"{number} rows are too many for paper. Filter the list, or save it.",), near)
            return
        database, by, folder = self._context.database, self._context.user_id, self._context.folder

        def show(pdf: bytes) -> None:
            from infusion_desktop.desktop.pdf_preview import PdfDialog

            PdfDialog(desk, title, pdf, f"{title.lower().replace(' ', '-')}.pdf", folder, near).show()

        self._jobs.run(
            near, lambda: draw(database, by, title, chosen, columns, rows), show,
            lambda error: self._messages.show_failure(error, near), text="Drawing the list",
        )  # fmt: skip

    def note(self, list_name: str, rows: int, form: str) -> None:
        """Note that a list is saved to a file; on a worker thread."""
        note_list(self._context.database, list_name, rows, form, self._context.user_id)

    def _do(self, deed: Callable[[], None], said: str, near: QWidget) -> None:
        def done(_nothing: object) -> None:
            self._messages.clear(near)
            self._messages.said(said)
            self._load()

        self._jobs.run(near, deed, done, lambda error: self._messages.show_failure(error, near))

    def _load(self) -> None:
        database, by = self._context.database, self._context.user_id
        self._jobs.run(self, lambda: _filters(database, by), self._show)

    def _show(self, filters: dict[str, tuple[Filter, ...]]) -> None:
        if filters != self._filters:
            self._filters = filters
            self.changed.emit()


def _filters(database: Database, by: UserId) -> dict[str, tuple[Filter, ...]]:
    with database.reading() as session:
        return filters_of(session, by)


def draw(
    database: Database, by: UserId, title: str, chosen: str, columns: Sequence[Column[R]], rows: Sequence[R]
) -> bytes:
    """A list as a PDF, with the columns as they stand on screen."""
    from infusion_desktop.access.papers import letterhead, printed
    from reports import table_report

    if not rows:
        raise Refused("The list is empty. Nothing was printed.")
    note_list(database, title, len(rows), "paper", by)
    with database.reading() as session:
        head, by_whom = letterhead(session), printed(session, by, now_utc())
    paper = table_report.TableReport(
        head,
        by_whom,
        title,
        tuple(table_report.Column(column.title, _kind(column, rows[0])) for column in columns),
        tuple(tuple(column.text(row) for column in columns) for row in rows),
        parameters=(("Filter", chosen),) if chosen else (),
        note=f"{len(rows):,} rows." if len(rows) > 1 else "",
        landscape=len(columns) > _MANY_COLUMNS,
    )
    return table_report.render(paper)


def _kind(column: Column[R], row: R) -> Any:
    """Numbers stand to the right on paper too; the texts are shown as on screen."""
    from reports.table_report import Kind

    value = column.value(row) if column.value is not None else None
    is_number = column.numeric or (isinstance(value, int | Decimal) and not isinstance(value, date | datetime))
    return Kind.NUMBER if is_number else Kind.TEXT
