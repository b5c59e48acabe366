"""The head of a delivery's page: whose it is, where it stands, when and how it goes, and who signed for it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from infusion_desktop.dates import local_day, show_day, show_days, show_instant
from infusion_desktop.deliveries.queries import DeliveryPage
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.deliveries.looks import NEXT, STATE_TONES
from infusion_desktop.desktop.labels import label, tone_icon
from infusion_desktop.desktop.pages import Card
from infusion_desktop.desktop.theme import set_icon

_CAPTIONS = ("Arrives", "Supply", "Therapy", "Carrier", "Packed", "Counted at home")


class DeliveryHead(QWidget):
    """The card at the top, and beside it the proof of delivery."""

    patient_asked = Signal()
    waste_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.state_icon = tone_icon(Tone.NEUTRAL, 22)
        self.state, self.number, self.wave = label("", "heading"), label("", "muted"), label("", "muted")
        self.patient, self.next = label("", "title", wrap=True), label("", "muted", wrap=True)
        card = Card()
        top = QHBoxLayout()
        top.addWidget(self.patient, 1)
        top.addWidget(self.wave)
        top.addSpacing(10)
        top.addWidget(self.number)
        top.addSpacing(10)
        top.addWidget(self.state_icon)
        top.addWidget(self.state)
        card.add(top)
        self.facts: dict[str, QLabel] = {}
        grid = QHBoxLayout()
        grid.setSpacing(24)
        for caption in _CAPTIONS:
            column = QVBoxLayout()
            column.setSpacing(2)
            column.addWidget(label(caption, "caption"))
            self.facts[caption] = label("", wrap=True)
            column.addWidget(self.facts[caption])
            column.addStretch(1)
            grid.addLayout(column, 1)
        card.add(grid)
        foot = QHBoxLayout()
        foot.addWidget(self.next, 1)
        foot.addWidget(button("Waste and compounds", self.waste_asked.emit, icon="trash", kind="quiet"))
        foot.addWidget(button("Patient", self.patient_asked.emit, icon="patient", kind="quiet"))
        card.add(foot)
        self.proof_card = self._make_proof()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(14)
        row.addWidget(card, 3)
        row.addWidget(self.proof_card, 1)

    def show_page(self, kept: DeliveryPage) -> None:
        """Show a delivery."""
        row = kept.row
        tone = STATE_TONES[row.state]
        set_icon(self.state_icon, tone.value, tone.name.lower(), 22)  # type: ignore[arg-type]
        self.state.setText(row.state.value.capitalize())
        self.number.setText(row.number)
        self.patient.setText(row.patient_name)
        self.next.setText(NEXT[row.state])
        for caption, text in _facts(kept).items():
            self.facts[caption].setText(text or "–")
        self._show_proof(kept)

    def _make_proof(self) -> Card:
        made = Card("Proof of delivery")
        self.proof_text = label("", wrap=True)
        self.signature = QLabel()
        self.signature.setAccessibleName("Signature")
        self.signature.setStyleSheet("background: white; border-radius: 6px; padding: 4px;")
        made.add(self.proof_text)
        made.column.addWidget(self.signature, 0, Qt.AlignmentFlag.AlignLeft)
        made.column.addStretch(1)
        made.hide()
        return made

    def _show_proof(self, kept: DeliveryPage) -> None:
        proof = kept.proof
        self.proof_card.setVisible(proof is not None)
        if proof is None:
            return
        other_day = proof.signed_on is not None and proof.signed_on != local_day(proof.received_at)
        self.proof_text.setText(
            f"{proof.received_by} ({proof.relation}), {show_instant(proof.received_at)}"
            + (f"\nSigned on {show_day(proof.signed_on)}" if other_day else "")
            + ("\nThe signed sheet is kept." if proof.has_attachment else "")
            + (f"\n{proof.note}" if proof.note else "")
        )
        picture = QPixmap()
        if proof.signature:
            picture.loadFromData(proof.signature)
        self.signature.setVisible(not picture.isNull())
        if not picture.isNull():
            self.signature.setPixmap(picture.scaledToHeight(70, Qt.TransformationMode.SmoothTransformation))


def _facts(kept: DeliveryPage) -> dict[str, str]:
    row = kept.row
    packs = f", {kept.cold_packs} cold packs" if kept.cold_packs else ""
    totes = f"{row.totes} tote{'s' if row.totes != 1 else ''}{packs}" if row.totes else ""
    counted = f"{show_day(kept.home_counted_on)}, {kept.counted_with}".strip(", ") if kept.home_counted_on else ""
    return {
        "Arrives": f"{show_day(row.scheduled_on)} {row.window}".strip(),
        "Supply": show_days(row.period),
        "Therapy": row.therapy,
        "Carrier": ", ".join(part for part in (row.carrier.value, kept.tracking) if part),
        "Packed": totes,
        "Counted at home": counted,
    }
