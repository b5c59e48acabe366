"""Fields of a form: a label above, the field, and what is wrong with it below, in the pharmacy's words."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Generic, TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QCompleter,
    QGridLayout,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from infusion_desktop.dates import read_day, show_day, today
from infusion_desktop.desktop import theme
from infusion_desktop.desktop.labels import label, restyle
from infusion_desktop.errors import Refused
from infusion_desktop.files import storable
from infusion_desktop.money import read_amount

T = TypeVar("T")
V = TypeVar("V")


class Field(QWidget, Generic[V]):
    """One labelled field. ``value()`` reads it or raises Refused; ``check()`` shows the refusal below the field."""

    changed = Signal()

    def __init__(self, title: str, editor: QWidget, *, required: bool = False, hint: str = "") -> None:
        super().__init__()
        self.title, self.required, self.editor = title, required, editor
        editor.setAccessibleName(title)
        self.setFocusProxy(editor)
        self.caption = label(f"{title} *" if required else title, "caption")
        self.caption.setBuddy(editor)
        self.hint = label(hint, "small", wrap=True)
        if not hint:
            self.hint.hide()
        self.error = label("", "error", wrap=True)
        self.error.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for part in (self.caption, editor, self.hint, self.error):
            column.addWidget(part)
        column.addStretch(1)

    def value(self) -> V:
        """What the person entered; Refused tells what is expected."""
        raise NotImplementedError

    def set_value(self, value: V) -> None:
        """Show a value."""
        raise NotImplementedError

    def shown(self) -> str:
        """What stands in the field, whether it is right or not."""
        raise NotImplementedError

    def put(self, shown: str) -> None:
        """Show what stood in this field of the same form, whether it is right or not."""
        raise NotImplementedError

    def is_blank(self) -> bool:
        """Whether nothing is entered."""
        return self.value() in ("", None)

    def check(self) -> bool:
        """Whether the field is right; if not, say so below it."""
        try:
            if self.required and self.is_blank():
                raise Refused(f"{self.title} is needed.")
            self.value()
        except Refused as refusal:
            self.complain(str(refusal))
            return False
        self.complain("")
        return True

    def complain(self, sentence: str) -> None:
        """Show what is wrong; "" takes it away."""
        if sentence == self.error.text():
            return
        self.error.setText(sentence)
        self.error.setVisible(bool(sentence))
        self.editor.setProperty("wrong", "true" if sentence else "false")
        self.editor.setAccessibleDescription(sentence)
        restyle(self.editor)

    def _edited(self, *_what: object) -> None:
        if self.error.text():
            self.complain("")
        self.changed.emit()


class _LineField(Field[V]):
    def __init__(
        self, title: str, *, required: bool = False, hint: str = "", placeholder: str = "", longest: int = 200
    ) -> None:
        self.line = QLineEdit()
        self.line.setPlaceholderText(placeholder)
        self.line.setMaxLength(longest)
        super().__init__(title, self.line, required=required, hint=hint)
        self.line.textEdited.connect(self._edited)
        self.line.editingFinished.connect(self._left)

    def typed(self) -> str:
        """The text, without blanks at its ends."""
        return storable(self.line.text()).strip()

    def shown(self) -> str:
        return self.typed()

    def put(self, shown: str) -> None:
        self.line.setText(shown)

    def is_blank(self) -> bool:
        return not self.typed()

    def _left(self) -> None:
        if not self.is_blank():
            self.check()


class TextField(_LineField[str]):
    """A line of text; ``read`` turns it into its proper form (an NPI, a telephone number) or refuses."""

    def __init__(self, title: str, *, read: Callable[[str], str] | None = None, **look: Any) -> None:
        super().__init__(title, **look)
        self._read = read

    def value(self) -> str:
        typed = self.typed()
        return storable(self._read(self.line.text().strip())) if self._read is not None and typed else typed

    def set_value(self, value: str) -> None:
        self.line.setText(value)
        self.line.setCursorPosition(0)  # A long text shows its beginning.
        self.complain("")


def typed_where_the_focus_is(scanned: str) -> bool:
    """Let the text field in focus have a number that others gave, as if it were typed; False where that is not so."""
    from infusion_desktop.stock.scanning.scans import is_others_number

    focus = QApplication.focusWidget()
    field = None if focus is None else focus.parentWidget()
    if not isinstance(field, TextField) or not is_others_number(scanned, today()):
        return False
    field.line.insert(scanned.strip())
    return True


class _FigureField(_LineField[V]):
    """A figure is refused with whatever is in it that cannot be kept: left out, another figure would stand there."""

    def typed(self) -> str:
        return self.line.text().strip()


class DayField(_FigureField["date | None"]):
    """A day, typed as 3/31/2026 or 2026-03-31, shown as Mar 31, 2026 below while it is read."""

    def __init__(self, title: str, **look: Any) -> None:
        look.setdefault("placeholder", "3/31/2026")
        super().__init__(title, longest=20, **look)
        self.line.textChanged.connect(lambda _text: self._show_read())

    def value(self) -> date | None:
        return read_day(self.typed()) if self.typed() else None

    def set_value(self, value: date | None) -> None:
        self.line.setText(f"{value.month}/{value.day}/{value.year}" if value else "")
        self.complain("")

    def _show_read(self) -> None:
        try:
            shown = show_day(self.value())
        except Refused:
            shown = ""
        self.line.setToolTip(shown)


class MoneyField(_FigureField["Decimal | None"]):
    """Dollars and cents."""

    def __init__(self, title: str, *, allow_negative: bool = False, **look: Any) -> None:
        look.setdefault("placeholder", "0.00")
        super().__init__(title, longest=20, **look)
        self._allow_negative = allow_negative
        self.line.setAlignment(Qt.AlignmentFlag.AlignRight)

    def value(self) -> Decimal | None:
        if not self.typed():
            return None
        amount = read_amount(self.typed())
        if amount < 0 and not self._allow_negative:
            raise Refused("This amount cannot be below zero.")
        return amount

    def set_value(self, value: Decimal | None) -> None:
        self.line.setText("" if value is None else f"{value:.2f}")
        self.complain("")


class QuantityField(_FigureField["int | None"]):
    """A whole number of base units, with its unit in the label."""

    def __init__(self, title: str, *, least: int = 0, most: int = 1_000_000, unit: str = "", **look: Any) -> None:
        super().__init__(f"{title} ({unit})" if unit else title, longest=9, **look)
        self._least, self._most = least, most
        self.line.setAlignment(Qt.AlignmentFlag.AlignRight)

    def value(self) -> int | None:
        typed = self.typed().replace(",", "")
        if not typed:
            return None
        if not (typed.isascii() and typed.isdigit()):
            is_below_zero = typed.isascii() and typed.removeprefix("-").isdigit()
            raise Refused("This number cannot be below zero." if is_below_zero else "Type a whole number.")
        number = int(typed)
        if not self._least <= number <= self._most:
            raise Refused(f"Type a number from {self._least:,} to {self._most:,}.")
        return number

    def set_value(self, value: int | None) -> None:
        self.line.setText("" if value is None else str(value))
        self.complain("")


class NotesField(Field[str]):
    """Several lines of text."""

    def __init__(self, title: str, *, required: bool = False, hint: str = "", lines: int = 3) -> None:
        self.text = QPlainTextEdit()
        self.text.setTabChangesFocus(True)
        self.text.setFixedHeight(lines * self.text.fontMetrics().lineSpacing() + 24)
        super().__init__(title, self.text, required=required, hint=hint)
        self.text.textChanged.connect(self._edited)

    def value(self) -> str:
        return storable(self.text.toPlainText()).strip()

    def set_value(self, value: str) -> None:
        self.text.setPlainText(value)
        self.complain("")

    def shown(self) -> str:
        return self.value()

    def put(self, shown: str) -> None:
        self.text.setPlainText(shown)


class ChoiceField(Field["T | None"], Generic[T]):
    """One of several; typing finds any part of a name."""

    def __init__(
        self,
        title: str,
        choices: Iterable[tuple[str, T]] = (),
        *,
        required: bool = False,
        hint: str = "",
        placeholder: str = "Choose…",
    ) -> None:
        self.combo = QComboBox()
        self.combo.setEditable(True)
        self.combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.combo.setMaxVisibleItems(14)
        # Otherwise the longest name in the list decides how wide the form is.
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.combo.setMinimumContentsLength(8)
        self._choices: list[tuple[str, T]] = []
        line, completer = self.combo.lineEdit(), self.combo.completer()
        if line is not None and completer is not None:
            line.setPlaceholderText(placeholder)
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
            line.textEdited.connect(lambda _text: self._dress_list())
        super().__init__(title, self.combo, required=required, hint=hint)
        self.set_choices(choices)
        self.combo.currentIndexChanged.connect(self._edited)

    def _dress_list(self) -> None:
        """The list that drops down while somebody types is a window of its own."""
        completer = self.combo.completer()
        if completer is not None and (dropped := completer.popup()) is not None:
            theme.dress(dropped)

    def set_choices(self, choices: Iterable[tuple[str, T]]) -> None:
        """Offer these, as pairs of what is shown and what it means; the choice made stays where it is still offered."""
        typed = self.combo.currentText()
        before = self._chosen() or next((each for shown, each in self._choices if shown == typed.strip()), None)
        self._choices = list(choices)
        self.combo.blockSignals(True)
        self.combo.clear()
        self.combo.addItems([shown for shown, _ in self._choices])
        place = -1 if before is None else next((n for n, (_, each) in enumerate(self._choices) if each == before), -1)
        self.combo.setCurrentIndex(place)
        if place < 0 and before is None:
            self.combo.setEditText(typed)
        self.combo.blockSignals(False)

    def value(self) -> "T | None":
        typed = self.combo.currentText().strip()
        if not typed:
            return None
        exact = [meant for shown, meant in self._choices if shown.casefold() == typed.casefold()]
        if not exact:
            raise Refused("Choose one from the list.")
        chosen = self._chosen()
        return chosen if chosen in exact else exact[0]

    def set_value(self, value: "T | None") -> None:
        place = next((n for n, (_, each) in enumerate(self._choices) if each == value), -1)
        self.combo.setCurrentIndex(place)
        if place < 0:
            self.combo.setEditText("")
        if (line := self.combo.lineEdit()) is not None:
            line.setCursorPosition(0)  # A long name shows its beginning.
        self.complain("")

    def is_blank(self) -> bool:
        return not self.combo.currentText().strip()

    def shown(self) -> str:
        return self.combo.currentText().strip()

    def put(self, shown: str) -> None:
        place = self.combo.findText(shown)
        self.combo.setCurrentIndex(place)
        if place < 0:
            self.combo.setEditText(shown)

    def _chosen(self) -> "T | None":
        place = self.combo.currentIndex()
        return self._choices[place][1] if 0 <= place < len(self._choices) else None


class CheckField(Field[bool]):
    """Yes or no."""

    def __init__(self, title: str, *, hint: str = "") -> None:
        self.box = QCheckBox(title)
        super().__init__(title, self.box, hint=hint)
        self.caption.setText(" ")  # Keeps the box on the line of the fields beside it.
        self.box.toggled.connect(self._edited)

    def value(self) -> bool:
        return self.box.isChecked()

    def set_value(self, value: bool) -> None:
        self.box.setChecked(value)

    def shown(self) -> str:
        return "yes" if self.box.isChecked() else "no"

    def put(self, shown: str) -> None:
        self.box.setChecked(shown == "yes")


class Form(QWidget):
    """Fields in sections, one to four beside each other."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.fields: list[Field[Any]] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(14)

    def section(self, heading: str, *rows: Sequence[Field[Any]]) -> None:
        """A heading and its rows of fields; "" for no heading."""
        if heading:
            self._column.addWidget(label(heading, "heading"))
        for fields in rows:
            self._add_row(fields)

    def end(self) -> None:
        """Let the fields keep to the top."""
        self._column.addStretch(1)

    def check(self) -> bool:
        """Whether every field is right; the first that is not gets the focus."""
        wrong = [field for field in self.fields if field.isEnabled() and not field.isHidden() and not field.check()]
        if wrong:
            wrong[0].editor.setFocus()
        return not wrong

    def _add_row(self, fields: Sequence[Field[Any]]) -> None:
        row = QGridLayout()
        row.setHorizontalSpacing(14)
        for place, field in enumerate(fields):
            row.addWidget(field, 0, place)
            row.setColumnStretch(place, 1)
            field.changed.connect(self.changed)
            self.fields.append(field)
        self._column.addLayout(row)
