"""Handing over many deliveries: each tote is scanned, what does not go along is said at once; or totes are counted."""

from collections.abc import Sequence
from typing import Any, ClassVar

from PySide6.QtWidgets import QWidget

from infusion_desktop.deliveries.bench.handing_over import Going, Tote, see_tote
from infusion_desktop.deliveries.bench.waves import Done, ship_many
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView


class HandOverDialog(DeedDialog):
    """What leaves, tote by tote."""

    changed: ClassVar[frozenset[str]] = frozenset({"deliveries", "stock", "equipment"})  # type: ignore[misc]

    def __init__(self, context: Context, desk: Desk, going: Sequence[Going], parent: QWidget) -> None:
        super().__init__(context, desk, "Hand over", parent, save="Hand over", width=640)
        self.going = tuple(going)
        self.seen: list[Tote] = []
        self.left = label("", "title", wrap=True)
        self.answer = label("", "strong", wrap=True)
        self.table: TableView[Going] = TableView(
            (
                Column("Delivery", lambda row: row.number),
                Column("Patient", lambda row: row.patient_name, stretch=True, width=170),
                Column("With", lambda row: row.driver, width=120),
                Column("Totes", self._totes, tone=self._tone),
            ),
            lambda row: row.id, name="What is handed over", noun=("delivery", "deliveries"),
        )  # fmt: skip
        self.table.setMinimumHeight(240)
        self.setMinimumHeight(620)
        self.why = TextField("Counted instead of scanned, because", longest=120, placeholder="a label cannot be read")
        for part, stretch in ((self.left, 0), (self.answer, 0), (self.table, 1), (self.why, 0)):
            self.body.addWidget(part, stretch)
        self.body.addWidget(label("It cannot be stepped back.", "muted"))
        self._show()

    def on_scan(self, raw: str) -> None:
        found = see_tote(raw, self.going, self.seen)
        self.answer.setText(("✓ " if found.right else "✗ ") + found.sentence)
        if found.tote is None:
            self.desk.messages.wrong(found.sentence)
            return
        self.seen.append(found.tote)
        self.desk.messages.right(found.sentence)
        self._show()

    def deed(self) -> Deed | None:
        unseen = self._unseen()
        if unseen and self.why.is_blank():
            self.why.complain(f"{_totes_of(unseen)} not scanned. Scan them, or say why they were counted.")
            self.why.setFocus()
            return None
        database, by, why = self.context.database, self.context.user_id, self.why.value()
        ids = [each.id for each in self.going]
        scanned = {each.id: each.totes - each.unseen(self.seen) for each in self.going if each.labelled}
        return lambda _override: ship_many(database, ids, by, scanned=scanned, override=why if unseen else "")

    def said(self, result: Any) -> str:
        assert isinstance(result, Done)
        return f"{result.count} on their way."

    def _unseen(self) -> int:
        return sum(each.unseen(self.seen) for each in self.going if each.labelled)

    def _show(self) -> None:
        unseen, counted = self._unseen(), sum(each.totes for each in self.going if not each.labelled)
        parts = [f"{_totes_of(unseen)} to scan"] if unseen else []
        parts += [f"{_totes_of(counted)} without a printed label to count"] if counted else []
        self.left.setText(", ".join(parts) or "Every tote was scanned.")
        self.why.setVisible(bool(unseen))
        self.table.set_rows(self.going)

    def _totes(self, row: Going) -> str:
        return f"{row.totes - row.unseen(self.seen)} of {row.totes}" if row.labelled else f"count {row.totes}"

    def _tone(self, row: Going) -> Tone:
        if not row.labelled:
            return Tone.NEUTRAL
        return Tone.WARN if row.unseen(self.seen) else Tone.GOOD


def _totes_of(number: int) -> str:
    return "1 tote" if number == 1 else f"{number} totes"
