"""The tab of a delivery's page for what came after: sheets and photos, corrections, and what was printed when."""

from dataclasses import dataclass

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_instant
from infusion_desktop.deliveries.door.proof import (
    Attachment,
    AttachmentRow,
    CorrectionRow,
    attachment,
    attachments_of,
    corrections_of,
)
from infusion_desktop.deliveries.print_log import PrintRow, prints_of
from infusion_desktop.deliveries.schedule.dispatch_words import AttachmentKind
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Desk
from infusion_desktop.desktop.pages import Card
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView


@dataclass(frozen=True, slots=True)
class AfterDoor:
    """What is kept with a delivery beside its own facts."""

    attachments: tuple[AttachmentRow, ...]
    corrections: tuple[CorrectionRow, ...]
    prints: tuple[PrintRow, ...]


def after_door(database: Database, delivery_id: DeliveryId) -> AfterDoor:
    """Everything the tab shows."""
    with database.reading() as session:
        return AfterDoor(
            attachments_of(session, delivery_id), corrections_of(session, delivery_id), prints_of(session, delivery_id)
        )


def content_of(database: Database, attachment_id: int) -> Attachment:
    """A sheet or photo with its content."""
    with database.reading() as session:
        return attachment(session, attachment_id)


ATTACHMENT_COLUMNS: tuple[Column[AttachmentRow], ...] = (
    Column("Kept", lambda row: row.kind.value.capitalize(),
           tone=lambda row: Tone.GOOD if row.kind is AttachmentKind.SIGNED_SHEET else Tone.INFO),
    Column("Size", lambda row: f"{max(1, row.size // 1000):,} kB", sort_key=lambda row: row.size, numeric=True),
    Column("When", lambda row: show_instant(row.recorded_at), sort_key=lambda row: row.recorded_at),
    Column("By", lambda row: row.by, stretch=True, hint=lambda row: row.note),
)  # fmt: skip
CORRECTION_COLUMNS: tuple[Column[CorrectionRow], ...] = (
    Column("Corrected", lambda row: row.what, stretch=True, width=130, hint=lambda row: row.what),
    Column("Was", lambda row: row.was, stretch=True, hint=lambda row: row.was),
    Column("Is", lambda row: row.now, stretch=True, hint=lambda row: row.now),
    Column("Why", lambda row: row.reason, stretch=True, hint=lambda row: f"{row.by}, {show_instant(row.at)}"),
)
PRINT_COLUMNS: tuple[Column[PrintRow], ...] = (
    Column("Printed", lambda row: row.kind.value.capitalize(), stretch=True),
    Column("As", lambda row: "Copy" if row.is_copy else "Original",
           tone=lambda row: Tone.NEUTRAL if row.is_copy else Tone.GOOD),
    Column("When", lambda row: show_instant(row.at), sort_key=lambda row: row.at),
    Column("By", lambda row: row.by, stretch=True),
)  # fmt: skip


class ProofTab(QWidget):
    """Sheets, corrections and printings."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.attachments: TableView[AttachmentRow] = TableView(
            ATTACHMENT_COLUMNS, lambda row: row.id, name="Sheets and photos", noun=("file", "files"),
            empty="No sheet or photo is kept. Attach the signed sheet.",
        )  # fmt: skip
        self.corrections: TableView[CorrectionRow] = TableView(
            CORRECTION_COLUMNS, lambda row: (row.what, row.at), name="Corrections", noun=("correction", "corrections"),
            empty="Nothing was corrected.",
        )  # fmt: skip
        self.prints: TableView[PrintRow] = TableView(
            PRINT_COLUMNS, lambda row: (row.kind, row.at), name="Printings", desk=desk, noun=("printing", "printings"),
            empty="No paper was printed yet.",
        )  # fmt: skip
        left, right = QVBoxLayout(), Card("Printed")
        self.cards: list[Card] = []
        for heading, table in (("Sheets and photos", self.attachments), ("Corrections", self.corrections)):
            card = Card(heading)
            card.add(table, 1)
            left.addWidget(card, 1)
            self.cards.append(card)
        right.add(self.prints, 1)
        across = QHBoxLayout(self)
        across.setContentsMargins(0, 12, 0, 0)
        across.addLayout(left, 3)
        across.addWidget(right, 2)

    def show_after(self, shown: AfterDoor) -> None:
        """Show what is kept."""
        self.attachments.set_rows(shown.attachments)
        self.corrections.set_rows(shown.corrections)
        self.cards[1].setVisible(bool(shown.corrections))
        self.prints.set_rows(shown.prints)
