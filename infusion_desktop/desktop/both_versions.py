"""Two people changed one record: what each of them wrote, field by field, and the choice between them (RELIABILITY B5).

A dialog that was refused as stale is asked for anew from the newest record (``again``: whatever opened it). The new one
holds theirs, the old one what this person typed; what only they changed always stays.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Desk
from infusion_desktop.desktop.forms import Field
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that somebody changed: as it was read, as it stands now, as this person typed it."""

    place: int
    field: str
    before: str
    theirs: str
    mine: str

    @property
    def is_mine(self) -> bool:
        return self.mine != self.before

    @property
    def is_disputed(self) -> bool:
        """Both changed it, and not to the same."""
        return self.is_mine and self.theirs != self.before and self.theirs != self.mine


def fields_of(window: QWidget) -> list[Field[Any]]:
    """The fields of a form, in the order they stand in."""
    return window.findChildren(Field)


def shown_in(window: QWidget) -> list[str]:
    """What stands in each field."""
    return [field.shown() for field in fields_of(window)]


def differences(titles: list[str], before: list[str], theirs: list[str], mine: list[str]) -> tuple[Difference, ...]:
    """The fields that differ, in the form's order. Pure."""
    rows = zip(titles, before, theirs, mine, strict=True)
    return tuple(
        Difference(place, *row) for place, row in enumerate(rows) if row[2] != row[1] or row[3] != row[1]
    )  # fmt: skip


def put_mine(window: QWidget, rows: tuple[Difference, ...]) -> None:
    """Put what this person typed into the new form, and leave everything else there as the others wrote it."""
    fields = fields_of(window)
    for row in rows:
        if row.is_mine:
            fields[row.place].put(row.mine)


COLUMNS: tuple[Column[Difference], ...] = (
    Column("Field", text=lambda row: row.field, stretch=True),
    Column("As it was", text=lambda row: row.before or "–", stretch=True, hint=lambda row: row.before),
    Column("Theirs now", text=lambda row: row.theirs or "–", stretch=True, hint=lambda row: row.theirs,
           tone=lambda row: Tone.INFO if row.theirs != row.before else None),
    Column("Mine", text=lambda row: row.mine or "–", stretch=True, hint=lambda row: row.mine,
           tone=lambda row: Tone.WARN if row.is_disputed else Tone.GOOD if row.is_mine else None),
)  # fmt: skip


class BothVersions(QDialog):
    """Theirs and mine beside each other; closing it without a choice is looking at theirs."""

    def __init__(
        self, desk: Desk, rows: tuple[Difference, ...], keep_mine: Callable[[], object], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Two people changed this")
        self.setMinimumWidth(760)
        disputed = sum(row.is_disputed for row in rows)
        self.table: TableView[Difference] = TableView(
            COLUMNS, lambda row: row.place, name="What differs", desk=desk, noun=("field", "fields"),
            empty="No field here differs: something else of this record was changed.",
        )  # fmt: skip
        self.table.set_rows(rows)
        self.table.setMinimumHeight(240)
        self.theirs = button("Look at theirs", self.reject)
        self.mine = button("Keep mine", self.accept, kind="primary")
        self.accepted.connect(keep_mine)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 18)
        column.setSpacing(12)
        column.addWidget(label("Somebody else saved this while you were typing", "heading", wrap=True))
        both = f"{disputed} fields were changed by both of you; there" if disputed != 1 else (
            "One field was changed by both of you; there"
        )  # fmt: skip
        column.addWidget(
            label(
                "“Keep mine” saves what you changed and leaves what only they changed. "
                + (f"{both} yours replaces theirs." if disputed else "No field was changed by both of you."),
                wrap=True,
            )
        )
        column.addWidget(self.table, 1)
        foot = QHBoxLayout()
        foot.addWidget(label("What you typed is kept until you close the form.", "muted"), 1)
        foot.addWidget(self.theirs)
        foot.addWidget(self.mine)
        column.addLayout(foot)
        self.mine.setFocus()
        self.finished.connect(self.deleteLater)
