"""Due this morning: what the technician has to do, most urgent first, and the same list on paper."""

from collections import Counter
from collections.abc import Callable
from datetime import date

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from infusion_desktop.dates import show_day
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Desk
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.equipment.due import Due, DueKind

_SHORT = {
    DueKind.CLEAN: "Clean", DueKind.CHECK: "Check", DueKind.MAINTAIN: "PM", DueKind.SET_ASIDE: "Aside",
    DueKind.UPDATE: "Software", DueKind.FETCH: "Fetch", DueKind.GIVE_BACK: "Give back",
}  # fmt: skip


def _chip(kind: DueKind) -> Chip[Due]:
    return Chip(_SHORT[kind], lambda due: due.kind is kind, "kind")


class DueTab(QWidget):
    """``chosen`` carries the asset of the line the cursor is on."""

    chosen = Signal(object)

    def __init__(self, desk: Desk, print_list: Callable[[], object], print_codes: Callable[[], object]) -> None:
        super().__init__()
        self.day = date.min
        self.table: TableView[Due] = TableView(
            (
                Column("Tag", lambda due: due.tag),
                Column("What to do", lambda due: due.what, stretch=True, hint=lambda due: due.what),
                Column("Item", lambda due: due.item_name, hint=lambda due: due.item_name, width=120),
                Column("Where", lambda due: due.place, hint=lambda due: due.place, width=110),
                Column(
                    "By", lambda due: show_day(due.on) if due.on else "Today", sort_key=lambda due: due.on,
                    tone=self._tone, value=lambda due: due.on,
                ),
                Column("Serial", lambda due: due.serial, hidden=True),
            ),
            lambda due: (due.id, due.what), name="Due list", noun=("thing to do", "things to do"), desk=desk,
            chips=[_chip(kind) for kind in DueKind],
            chips_below=True,
            empty="Nothing to do: everything is clean, checked and maintained.",
        )  # fmt: skip
        self.print_button = button("Print the list", print_list, icon="print")
        self.codes_button = button("Code sheet", print_codes, icon="scan")
        self.codes_button.setToolTip("Codes for each deed: scan the pump, then the deed. Hang it up at the bench.")
        top = QHBoxLayout()
        top.addWidget(label("Scan a pump, or choose it, then do what is due.", "muted"), 1)
        top.addWidget(self.codes_button)
        top.addWidget(self.print_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addWidget(self.table, 1)
        self.table.selected.connect(lambda due: self.chosen.emit(due.id) if due is not None else None)

    def show_due(self, rows: tuple[Due, ...], day: date) -> None:
        """Show a morning's list."""
        self.day = day
        self.table.set_rows(rows)
        counts = Counter(row.kind for row in rows)
        self.table.name_chips([f"{_SHORT[kind]} {counts[kind]}" if counts[kind] else _SHORT[kind] for kind in DueKind])

    def _tone(self, due: Due) -> Tone:
        if due.on is None:
            return Tone.INFO
        return Tone.BAD if due.on < self.day else Tone.WARN
