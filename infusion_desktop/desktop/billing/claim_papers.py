"""The papers of one claim: the menu of its page, each looked at before it is printed or kept."""

from collections.abc import Callable
from decimal import Decimal

from PySide6.QtWidgets import QMenu

from infusion_desktop.billing.claiming.audit_packet import audit_packet
from infusion_desktop.billing.claiming.claim_form import print_claim_form
from infusion_desktop.billing.papers import print_claim_summary
from infusion_desktop.billing.queries import ClaimPage
from infusion_desktop.desktop.billing.claim_dialogs import OffsetDialog
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.screens import Screen


class ClaimPapers(QMenu):
    """The menu; each entry makes a paper of the claim that the screen shows."""

    def __init__(self, screen: Screen, shown: Callable[[], ClaimPage | None]) -> None:
        super().__init__(screen)
        self.owner, self._shown = screen, shown
        self.context, self.desk = screen.context, screen.desk
        self.addAction("Claim summary", self.summary)
        self.addAction("CMS-1500: proof on plain paper", lambda: self.print_form(Decimal(0), Decimal(0), proof=True))
        self.addAction("CMS-1500: text for pre-printed paper…", self.ask_offset)
        self.addAction("Audit packet: everything behind this claim", self.packet)

    def ask_offset(self) -> None:
        """Ask how far this printer misses the form, and print the text."""
        dialog = OffsetDialog(self.context, self.desk, self.owner, self.owner.settings())
        dialog.succeeded.connect(lambda offset: self.print_form(*offset, proof=False))
        self.offset_dialog = dialog
        dialog.open()

    def print_form(self, right: Decimal, down: Decimal, *, proof: bool) -> None:
        """Preview the CMS-1500."""
        if (page := self._shown()) is None:
            return
        claim, database, by = page.row.id, self.context.database, self.context.user_id
        name = f"cms-1500-{page.row.number}.pdf"
        self.owner.do(
            lambda why: print_claim_form(database, claim, (right, down), by, why, proof=proof),
            then=lambda pdf: self._preview(pdf, name, "CMS-1500"),
        )

    def packet(self) -> None:
        """Preview everything behind the claim."""
        if (page := self._shown()) is None:
            return
        claim, database, by = page.row.id, self.context.database, self.context.user_id
        name = f"audit-packet-{page.row.number}.pdf"
        self.owner.do(
            lambda why: audit_packet(database, claim, by, why),
            then=lambda pdf: self._preview(pdf, name, "Audit packet"),
        )

    def summary(self) -> None:
        """Preview the claim summary."""
        if (page := self._shown()) is None:
            return
        claim, database, by = page.row.id, self.context.database, self.context.user_id
        name = f"claim-summary-{page.row.number}.pdf"
        self.owner.do(
            lambda why: print_claim_summary(database, claim, by, why),
            then=lambda pdf: self._preview(pdf, name, "Claim summary"),
        )

    def _preview(self, pdf: bytes, name: str, title: str) -> None:
        self.dialog = PdfDialog(self.desk, title, pdf, name, self.context.folder, self.owner)
        self.dialog.open()
