"""Dialogs for after the door: what comes back later, what never left, a proof put right, a file attached."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, ClassVar

from PySide6.QtWidgets import QWidget

from infusion_desktop.dates import local_day
from infusion_desktop.deliveries.door.delivering import Proof
from infusion_desktop.deliveries.door.proof import LARGEST_ATTACHMENT, Attachment, attach
from infusion_desktop.deliveries.door.proof_rules import Condition, verdict
from infusion_desktop.deliveries.queries import DeliveryPage, LineRow, LotRow
from infusion_desktop.deliveries.schedule.dispatch_words import AttachmentKind
from infusion_desktop.deliveries.words import DeliveryId, LineOutcome
from infusion_desktop.desktop import file_choice
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.deliveries.deliver_dialog import RELATIONS, read_time
from infusion_desktop.desktop.deliveries.sheet_files import CHOICE, PICTURES, read_file
from infusion_desktop.desktop.forms import ChoiceField, DayField, Form, QuantityField, TextField
from infusion_desktop.desktop.labels import label

_TOPICS = frozenset({"deliveries", "stock"})
Lot = tuple[LineRow, LotRow]


def lots_with_patient(page: DeliveryPage) -> list[tuple[str, Lot]]:
    """The lots of which something is with the patient, as choices."""
    return [
        (f"{line.item_name}, lot {lot.serial or lot.lot or '(none)'}: {lot.quantity - lot.came_back:,} {line.unit}",
         (line, lot))
        for line in page.lines
        for lot in line.lots
        if lot.quantity > lot.came_back
    ]  # fmt: skip


class BackLaterDialog(DeedDialog):
    """Units of a delivered lot come back, or never left; where they go is said before."""

    changed: ClassVar[frozenset[str]] = _TOPICS  # type: ignore[misc]

    def __init__(
        self, context: Context, desk: Desk, page: DeliveryPage, parent: QWidget,
        work: Callable[[int, int, str, Condition], object], *, never_left: bool,
    ) -> None:  # fmt: skip
        title = "It never left the house" if never_left else "Something comes back"
        super().__init__(context, desk, title, parent, save="Correct" if never_left else "Take back", width=560)
        self._work, self._never_left = work, never_left
        self.lot: ChoiceField[Lot] = ChoiceField("Which lot", lots_with_patient(page), required=True)
        self.units = QuantityField("How many", least=1, required=True)
        self.condition: ChoiceField[Condition] = ChoiceField(
            "How it looks", [(each.value.capitalize(), each) for each in Condition], required=True
        )
        self.condition.set_value(Condition.SEALED)
        self.condition.setVisible(not never_left)
        self.why = TextField(
            "How you know" if never_left else "Why", required=True,
            placeholder="found beside the scale, still sealed" if never_left else "therapy changed",
        )  # fmt: skip
        self.goes = label("", "strong", wrap=True)
        self.form = Form()
        self.form.section("", (self.lot,), (self.units, self.condition), (self.why,))
        self.body.addWidget(self.form)
        self.body.addWidget(self.goes)
        for field in (self.lot, self.condition):
            field.changed.connect(self._say_where)
        self.lot.setFocus()

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        lot, units = self.lot.value(), self.units.value()
        assert lot is not None and units is not None
        condition = self.condition.value() or Condition.SEALED
        lot_line_id, why, work = lot[1].id, self.why.value(), self._work
        return lambda _override: work(lot_line_id, units, why, condition)

    def said(self, result: Any) -> str:
        return f"It goes {result.value}."

    def _say_where(self) -> None:
        if self.lot.is_blank():
            return
        lot = self.lot.value()
        assert lot is not None
        line, row = lot
        outcome = LineOutcome.NOT_DELIVERED if self._never_left else LineOutcome.RETURNED
        found = verdict(line.kind, line.storage, outcome, self.condition.value() or Condition.SEALED,
                        is_held=bool(row.held))  # fmt: skip
        if self._never_left:
            self.goes.setText("Back to its bin; a drug or what must stay cold goes to quarantine.")
        else:
            self.goes.setText(f"It goes {found.goes_to.value}: {found.why}.")


class CorrectProofDialog(DeedDialog):
    """What was typed at the door was wrong or not complete; the first entry stays."""

    changed: ClassVar[frozenset[str]] = _TOPICS  # type: ignore[misc]

    def __init__(
        self, context: Context, desk: Desk, page: DeliveryPage, signed_on: date | None, parent: QWidget,
        work: Callable[[Proof, date, str], object], missing: Sequence[str] = (),
    ) -> None:  # fmt: skip
        super().__init__(context, desk, f"Proof of {page.row.number}", parent, width=560)
        proof = page.proof
        assert proof is not None
        self._work, self._note = work, proof.note
        arrived = proof.received_at.astimezone()
        self.received_by = TextField("Received by", required=True, longest=80)
        self.received_by.set_value(proof.received_by)
        self.relation: ChoiceField[str] = ChoiceField("Who is that", relations(proof.relation), required=True)
        self.relation.set_value(proof.relation.casefold() or None)
        self.day = DayField("Arrived on", required=True)
        self.day.set_value(arrived.date())
        self.time = TextField("at", required=True, read=read_time, longest=8)
        self.time.set_value(f"{arrived:%H:%M}")
        self.signed_on = DayField("Dated beside the signature", required=True)
        self.signed_on.set_value(signed_on or local_day(proof.received_at))
        self.why = TextField("What was wrong", required=True, placeholder="the name was misread")
        self.form = Form()
        self.form.section("", (self.received_by, self.relation), (self.day, self.time, self.signed_on), (self.why,))
        if missing:
            self.body.addWidget(label("\n".join(missing), "strong", wrap=True))
        self.body.addWidget(self.form)
        self._offered = (self.day.typed(), self.time.typed(), proof.received_at)
        self.why.setFocus()

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        relation, day, signed_on = self.relation.value(), self.day.value(), self.signed_on.value()
        assert relation is not None and day is not None and signed_on is not None
        as_offered = (self.day.typed(), self.time.typed()) == self._offered[:2]
        typed = datetime.combine(day, time.fromisoformat(self.time.value())).astimezone()
        proof = Proof(self.received_by.value(), relation, self._offered[2] if as_offered else typed, note=self._note)
        why, work = self.why.value(), self._work
        return lambda _override: work(proof, signed_on, why)

    def said(self, _result: Any) -> str:
        return "Corrected; the first entry stays."


class TrackingDialog(DeedDialog):
    """Another tracking number than was typed when it left, or one that came later."""

    changed: ClassVar[frozenset[str]] = _TOPICS  # type: ignore[misc]

    def __init__(
        self, context: Context, desk: Desk, number: str, now: str, parent: QWidget, work: Callable[[str, str], object]
    ) -> None:
        super().__init__(context, desk, f"Tracking number of {number}", parent)
        self.tracking = TextField("Tracking number", required=True, longest=60)
        self.why = TextField("Why", required=True)
        if now:
            self.body.addWidget(label(f"Now: {now}", "muted", wrap=True))
        else:
            self.why.set_value("it came after the hand-over")
        self.form = Form()
        self.form.section("", (self.tracking, self.why))
        self.body.addWidget(self.form)
        self._work = work
        self.tracking.setFocus()

    def on_scan(self, raw: str) -> None:
        """The carrier's label."""
        self.tracking.set_value(raw.strip())

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        number, why, work = self.tracking.value(), self.why.value(), self._work
        return lambda _override: work(number, why)

    def said(self, _result: Any) -> str:
        return "The tracking number is corrected."


class AttachDialog(DeedDialog):
    """A signed sheet or a photo kept with a delivery."""

    changed: ClassVar[frozenset[str]] = _TOPICS  # type: ignore[misc]

    def __init__(self, context: Context, desk: Desk, delivery_id: DeliveryId, number: str, parent: QWidget) -> None:
        super().__init__(context, desk, f"Attach to {number}", parent, save="Attach")
        self.delivery_id = delivery_id
        self.file: tuple[bytes, str] = (b"", "")
        self.ask_path = file_choice.ask_what_to_read
        self.kind: ChoiceField[AttachmentKind] = ChoiceField(
            "What it is", [(each.value.capitalize(), each) for each in AttachmentKind], required=True
        )
        self.kind.set_value(AttachmentKind.SIGNED_SHEET)
        self.note = TextField("Note", longest=120)
        self.form = Form()
        self.form.section("", (self.kind, self.note))
        self.chosen = label("No file chosen yet.", "muted", wrap=True)
        self.choose_button = button("Choose a file…", self._ask, icon="import")
        self.body.addWidget(self.form)
        self.body.addWidget(self.choose_button)
        self.body.addWidget(self.chosen)
        self.choose_button.setFocus()

    def take(self, path: Path) -> None:
        """This file."""

        def taken(file: tuple[bytes, str]) -> None:
            self.file = file
            self.banner.clear()
            self.chosen.setText(f"A file of {max(1, len(file[0]) // 1000):,} kB is ready.")

        self.desk.jobs.run(
            self, lambda: read_file(path, largest=LARGEST_ATTACHMENT), taken,
            lambda error: self.desk.messages.show_failure(error, self),
        )  # fmt: skip

    def deed(self) -> Deed | None:
        content, content_type = self.file
        if not content:
            self.desk.messages.refused(("Choose the file first.",), self)
            return None
        kind = self.kind.value() if self.form.check() else None
        if kind is None:
            return None
        made = Attachment(kind, content, content_type, note=self.note.value())
        database, by, delivery_id = self.context.database, self.context.user_id, self.delivery_id
        return lambda _override: attach(database, delivery_id, made, by)

    def said(self, _result: Any) -> str:
        return "Attached."

    def _ask(self) -> None:
        is_photo = not self.kind.is_blank() and self.kind.value() is AttachmentKind.PHOTO
        self.ask_path(self, "Choose the file", PICTURES if is_photo else CHOICE, self.take)


def relations(other: str = "") -> list[tuple[str, str]]:
    """What a recipient may be to the patient, as choices, with one that was typed before."""
    found = [(each, each.casefold()) for each in RELATIONS]
    if other and other.casefold() not in {meant for _shown, meant in found}:
        found.append((other, other.casefold()))
    return found
