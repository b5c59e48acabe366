"""Which column of a file is which: the guess is shown, and a person may say otherwise."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QWidget

from infusion_desktop.desktop.labels import label
from infusion_desktop.stock.importing.table_preview import Form


class ColumnMatch(QWidget):
    """A choice for each field of a form; needed fields carry a star. ``chosen`` says that one was changed."""

    chosen = Signal()

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.choices: dict[str, QComboBox] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(6)
        needed = {group[0] for group in form.required if len(group) == 1}
        for place, field in enumerate(form.fields):
            choice = QComboBox()
            choice.setAccessibleName(f"Column of {_title(field)}")
            choice.activated.connect(lambda _index: self.chosen.emit())
            self.choices[field] = choice
            line, side = divmod(place, 2)
            grid.addWidget(label(f"{_title(field)} *" if field in needed else _title(field), "muted"), line, 2 * side)
            grid.addWidget(choice, line, 2 * side + 1)
        for side in (1, 3):
            grid.setColumnStretch(side, 1)
        grid.setRowStretch(len(form.fields), 1)
        self.show_columns((), {})

    def show_columns(self, headings: Sequence[str], mapping: Mapping[str, int]) -> None:
        """Offer a file's columns for each field, the one it is matched to chosen."""
        for field, choice in self.choices.items():
            choice.clear()
            choice.addItem("– not in the file –", -1)
            for place, heading in enumerate(headings):
                choice.addItem(heading or f"Column {place + 1}", place)
            choice.setCurrentIndex(choice.findData(mapping.get(field, -1)))
            choice.setEnabled(bool(headings))

    def mapping(self) -> dict[str, int]:
        """Field to column, from 0, as chosen."""
        return {field: choice.currentData() for field, choice in self.choices.items() if choice.currentData() >= 0}


def _title(field: str) -> str:
    words = field.replace("_", " ")
    for short in ("gtin", "ndc", "hcpcs"):
        words = words.replace(short, short.upper())
    return words[0].upper() + words[1:]
