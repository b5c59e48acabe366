"""The function check: what was measured, each value beside its limits, judged while it is typed."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.labels import label, tone_icon
from infusion_desktop.desktop.pages import scrolled
from infusion_desktop.desktop.theme import set_icon
from infusion_desktop.equipment.checks import PASSES, outside_limits

Limit = dict[str, str]
MOST_LINES = 7
LINE_PIXELS = 48
"""More values than fit are scrolled to; the field in focus is always in view."""


class CheckForm(QWidget):
    """One field for each measured value; ``finished`` carries the values, also when one lies outside its limits.

    ``meter`` holds what the hour meter says, where the model has one.
    """

    finished = Signal(object)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.limits: tuple[Limit, ...] = ()
        self.fields: dict[str, QLineEdit] = {}
        self._marks: dict[str, QWidget] = {}
        self._lines = QWidget()
        self._grid = QGridLayout(self._lines)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(0, 1)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.meter = QLineEdit()
        self.meter.setAccessibleName("Hour meter")
        self.meter.setMaxLength(9)
        self.meter.setFixedWidth(86)
        self.meter.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.meter.returnPressed.connect(self._next_or_finish)
        self.meter_line = QWidget()
        meter = QHBoxLayout(self.meter_line)
        meter.setContentsMargins(0, 0, 26, 0)
        meter.addWidget(label("Hour meter"), 1)
        meter.addWidget(self.meter)
        self.verdict = label("", "small", wrap=True)
        self.save_button = button("Save the check", self._finish, kind="primary")
        self.cancel_button = button("Cancel", self.left.emit)
        foot = QHBoxLayout()
        foot.addWidget(self.cancel_button)
        foot.addStretch(1)
        foot.addWidget(self.save_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(label("Function check", "heading"))
        self._area = scrolled(self._lines)
        column.addWidget(self._area)
        column.addWidget(self.meter_line)
        column.addWidget(self.verdict)
        column.addLayout(foot)

    def ask(self, limits: Sequence[Limit], *, has_meter: bool = False) -> None:
        """Show a field for each value of this model's check, and one for the meter where hours count."""
        self._clear()
        self.meter.clear()
        self.meter_line.setVisible(has_meter)
        self.limits = tuple(limits)
        for line, limit in enumerate(self.limits):
            name = limit["name"]
            field = QLineEdit()
            allowed = show_limit(limit)
            field.setAccessibleName(f"{name}, {allowed}")
            field.setMaxLength(12)
            field.setFixedWidth(86)
            field.setAlignment(Qt.AlignmentFlag.AlignRight)
            if limit["lowest"] == PASSES:
                field.setPlaceholderText("p or f")
                field.textEdited.connect(lambda text, field=field: self._spell(field, text))
            field.textEdited.connect(lambda _text: self._judge())
            field.returnPressed.connect(self._next_or_finish)
            mark = tone_icon(Tone.NEUTRAL)
            words = QVBoxLayout()
            words.setSpacing(0)
            words.addWidget(label(name))
            words.addWidget(label(allowed, "small"))
            self._grid.addLayout(words, line, 0)
            self._grid.addWidget(field, line, 1)
            self._grid.addWidget(mark, line, 2)
            self._grid.setRowMinimumHeight(line, 40)
            self.fields[name], self._marks[name] = field, mark
        self._area.setFixedHeight(min(len(self.limits), MOST_LINES) * LINE_PIXELS)
        self._judge()
        first = next(iter(self.fields.values()), None)
        (first or self.save_button).setFocus()

    def measured(self) -> Mapping[str, str]:
        """What was typed, by name."""
        return {name: field.text().strip() for name, field in self.fields.items()}

    def is_begun(self) -> bool:
        """Whether something was typed that would be lost."""
        return any(self.measured().values())

    def _spell(self, field: QLineEdit, text: str) -> None:
        """A letter is enough for a thing that passes or fails."""
        spelled = {"p": PASSES, "f": "fail"}.get(text.casefold())
        if spelled is not None:
            field.setText(spelled)

    def _judge(self) -> None:
        measured = self.measured()
        outside = []
        for limit in self.limits:
            name = limit["name"]
            failed = outside_limits((limit,), measured)
            tone = Tone.GOOD
            if failed:
                tone = Tone.BAD if measured[name] else Tone.NEUTRAL
                outside += failed if measured[name] else []
            set_icon(self._marks[name], tone.value, tone.name.lower())  # type: ignore[arg-type]  # they share names
        missing = [name for name, value in measured.items() if not value]
        self.save_button.setEnabled(not missing)
        if outside:
            self.verdict.setText(f"{'; '.join(outside)}. Saved like this, it goes to quarantine.")
        elif missing:
            self.verdict.setText(f"Still to measure: {', '.join(missing)}.")
        else:
            self.verdict.setText("Everything is within its limits." if self.limits else "Nothing to measure.")
        self.save_button.setText("Save as failed" if outside else "Save as passed")

    def _next_or_finish(self) -> None:
        blank = next((field for field in self.fields.values() if not field.text().strip()), None)
        if blank is not None:
            blank.setFocus()
        else:
            self._finish()

    def _finish(self) -> None:
        if self.save_button.isEnabled():
            self.finished.emit(dict(self.measured()))

    def _clear(self) -> None:
        self.fields, self._marks = {}, {}
        _empty(self._grid)


def show_limit(limit: Limit) -> str:
    """What a value may be."""
    return (
        "passes or fails" if limit["lowest"] == PASSES else f"{limit['lowest']} to {limit['highest']} {limit['unit']}"
    )


def _empty(layout: QGridLayout | QVBoxLayout) -> None:
    while layout.count():
        place = layout.takeAt(0)
        if place is None:
            continue
        widget, inner = place.widget(), place.layout()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        elif isinstance(inner, QVBoxLayout):
            _empty(inner)
            inner.deleteLater()
