"""After the door: something comes back or never left, the proof is put right, a file is kept with it."""

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialog, QVBoxLayout

from infusion_desktop.deliveries.door.correcting import correct_sent, correct_tracking
from infusion_desktop.deliveries.door.delivering import return_later
from infusion_desktop.deliveries.door.proof import Attachment, AttachmentRow, correct_proof
from infusion_desktop.desktop.deliveries.after_dialogs import (
    AttachDialog,
    BackLaterDialog,
    CorrectProofDialog,
    TrackingDialog,
)
from infusion_desktop.desktop.deliveries.other_lot_dialog import OtherLotDialog
from infusion_desktop.desktop.deliveries.proof_tab import content_of
from infusion_desktop.desktop.deliveries.sheet_files import SheetPicture
from infusion_desktop.desktop.pdf_preview import PdfDialog

if TYPE_CHECKING:
    from infusion_desktop.desktop.deliveries.delivery_screen import DeliveryScreen


class AfterTheDoor:
    """The deeds of a delivery's page that come after it arrived."""

    def __init__(self, screen: "DeliveryScreen") -> None:
        self._screen = screen

    def take_back_later(self) -> None:
        """Something comes back from the home."""
        kept = self._screen.kept()
        database, by = self._screen.context.database, self._screen.context.user_id
        dialog = BackLaterDialog(
            self._screen.context, self._screen.desk, kept, self._screen,
            lambda lot, units, why, how: return_later(database, lot, units, why, by, condition=how), never_left=False,
        )  # fmt: skip
        self._screen.show_dialog(dialog)

    def never_left(self) -> None:
        """Something recorded as delivered was found in the house."""
        kept = self._screen.kept()
        database, by = self._screen.context.database, self._screen.context.user_id
        dialog = BackLaterDialog(
            self._screen.context, self._screen.desk, kept, self._screen,
            lambda lot, units, why, _how: correct_sent(database, lot, units, why, by), never_left=True,
        )  # fmt: skip
        self._screen.show_dialog(dialog)

    def other_lot(self) -> None:
        """The lot that left was another one."""
        kept = self._screen.kept()
        self._screen.show_dialog(OtherLotDialog(self._screen.context, self._screen.desk, kept, self._screen))

    def correct_tracking(self) -> None:
        """Another tracking number than was typed."""
        kept = self._screen.kept()
        database, row, by = self._screen.context.database, kept.row, self._screen.context.user_id
        dialog = TrackingDialog(
            self._screen.context, self._screen.desk, row.number, kept.tracking, self._screen,
            lambda number, why: correct_tracking(database, row.id, number, why, by, was=kept.tracking),
        )  # fmt: skip
        self._screen.show_dialog(dialog)

    def correct_proof(self) -> None:
        """What was typed at the door was wrong."""
        kept = self._screen.kept()
        database, delivery_id, by = self._screen.context.database, kept.row.id, self._screen.context.user_id
        if kept.proof is None:
            return
        dialog = CorrectProofDialog(
            self._screen.context, self._screen.desk, kept, kept.proof.signed_on, self._screen,
            lambda proof, signed_on, why: correct_proof(database, delivery_id, proof, signed_on, why, by),
        )  # fmt: skip
        self._screen.show_dialog(dialog)

    def attach(self) -> None:
        """Keep a signed sheet or a photo."""
        row = self._screen.kept().row
        dialog = AttachDialog(self._screen.context, self._screen.desk, row.id, row.number, self._screen)
        self._screen.show_dialog(dialog)

    def show_attachment(self, row: AttachmentRow) -> None:
        """Look at a sheet or photo."""
        database, folder = self._screen.context.database, self._screen.context.folder

        def show(kept: Attachment) -> None:
            if kept.content_type == "application/pdf":
                PdfDialog(
                    self._screen.desk, "Signed sheet", kept.content, "signed-sheet.pdf", folder, self._screen
                ).open()
                return
            dialog = QDialog(self._screen)
            dialog.setWindowTitle("Attachment")
            picture = SheetPicture()
            picture.show_png(kept.content, row.kind.value.capitalize())
            QVBoxLayout(dialog).addWidget(picture)
            dialog.resize(760, 800)
            dialog.finished.connect(dialog.deleteLater)
            dialog.open()

        self._screen.ask(lambda: content_of(database, row.id), show, key="attachment")
