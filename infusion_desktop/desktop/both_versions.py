"""Two people changed one record: what each of them wrote, field by field, and the choice between them (RELIABILITY B5).

A dialog that was refused as stale is asked for anew from the newest record (``again``: whatever opened it). The new one
holds theirs, the old one what this person typed; what only they changed always stays.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.first_size import size_of_dialog
from infusion_desktop.desktop.forms import Field
from infusion_desktop.desktop.labels import label, tone_icon
from infusion_desktop.desktop.pages import Card, scrolled

WIDTH, TALLEST = 820, 700
_SIDES, _AROUND = 64, 170
"""Pixels that are no fields: beside them, and above and below."""


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


class BothVersions(QDialog):
    """Theirs and mine beside each other; closing it without a choice is ``back``, to what stands under it."""

    def __init__(
        self,
        rows: tuple[Difference, ...],
        keep_mine: Callable[[], object],
        parent: QWidget,
        *,
        back: str = "Look at theirs",
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Two people changed this")
        self.setMinimumSize(WIDTH, 360)
        self.rows = rows
        self.theirs = button(back, self.reject)
        self.mine = button("Keep mine", self.accept, kind="primary")
        self.accepted.connect(keep_mine)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 18)
        column.setSpacing(12)
        column.addWidget(label("Somebody else saved this while you were typing", "heading", wrap=True))
        column.addWidget(label(_what_happens(rows), wrap=True))
        card = Card()
        card.add(self._fields())
        column.addWidget(scrolled(card), 1)
        foot = QHBoxLayout()
        foot.addWidget(label("What you typed is kept until you close the form.", "muted"), 1)
        foot.addWidget(self.theirs)
        foot.addWidget(self.mine)
        column.addLayout(foot)
        self.mine.setFocus()
        size_of_dialog(self, WIDTH, min(card.heightForWidth(WIDTH - _SIDES) + _AROUND, TALLEST))
        self.finished.connect(self.deleteLater)

    def _fields(self) -> QWidget:
        """A line for each field, every value in full."""
        made = QWidget()
        grid = QGridLayout(made)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(10)
        for place, title in enumerate(("Field", "As it was", "Theirs now", "Mine")):
            grid.addWidget(label(title, "caption"), 0, place)
            grid.setColumnStretch(place, 3 if place else 2)
        for line, row in enumerate(self.rows, 1):
            for place, (text, role) in enumerate(((row.field, "strong"), (row.before or "–", "muted"))):
                grid.addWidget(label(text, role, wrap=True), line, place, Qt.AlignmentFlag.AlignTop)
            theirs = Tone.INFO if row.theirs != row.before else None
            mine = Tone.WARN if row.is_disputed else Tone.GOOD if row.is_mine else None
            grid.addWidget(_value(row.theirs, theirs), line, 2, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(_value(row.mine, mine), line, 3, Qt.AlignmentFlag.AlignTop)
        if not self.rows:
            nothing = "No field here differs: something else of this record was changed."
            grid.addWidget(label(nothing, "muted", wrap=True), 1, 0, 1, 4)
        return made


def _value(text: str, tone: Tone | None) -> QWidget:
    """A value; who changed it is told by an icon, not by colour alone."""
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(6)
    if tone is not None:
        row.addWidget(tone_icon(tone, 16), 0, Qt.AlignmentFlag.AlignTop)
    said = label(text or "–", "strong" if tone is not None else "muted", wrap=True)
    row.addWidget(said, 1, Qt.AlignmentFlag.AlignTop)
    return made


def _what_happens(rows: tuple[Difference, ...]) -> str:
    disputed = sum(row.is_disputed for row in rows)
    both = "No field was changed by both of you."
    if disputed:
        were = "fields were" if disputed > 1 else "field was"
        both = f"{disputed} {were} changed by both of you: there yours replaces theirs."
    return f"“Keep mine” saves what you changed and leaves what only they changed. {both}"
