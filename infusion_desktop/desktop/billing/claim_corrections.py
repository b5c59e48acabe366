"""What corrects one claim: the menu of its page, with what its state does not allow greyed and told why."""

from collections.abc import Callable

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.claiming.checking import leave_late_days_out
from infusion_desktop.billing.claiming.claims import bill_after_all
from infusion_desktop.billing.claiming.forwarded import mark_forwarded
from infusion_desktop.billing.claiming.secondary import make_secondary
from infusion_desktop.billing.claiming.set_apart import let_the_rest_go
from infusion_desktop.billing.months.charging import EDITABLE
from infusion_desktop.billing.queries import ClaimPage
from infusion_desktop.billing.words import Account, ClaimState
from infusion_desktop.desktop.billing.claim_dialogs import DelayDialog, replace_dialog, void_dialog
from infusion_desktop.desktop.billing.money_dialogs import AdjustDialog
from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.question import Question
from infusion_desktop.desktop.screens import Screen

_LEFT = frozenset(ClaimState) - EDITABLE - {ClaimState.VOIDED}
_WHEN = {
    EDITABLE: "Only while the claim waits to be filed.",
    _LEFT: "Only after the claim left.",
    frozenset({ClaimState.VOIDED}): "Only when the claim was voided.",
    EDITABLE | _LEFT: "The claim is voided.",
}
"""The states in which something may be done, and what is told in the others. The deed itself has the last word."""


class Corrections(QMenu):
    """The menu; each entry is a deed on the claim that the screen shows."""

    def __init__(self, screen: Screen, shown: Callable[[], ClaimPage | None]) -> None:
        super().__init__(screen)
        self.owner, self._shown = screen, shown
        self.context, self.desk = screen.context, screen.desk
        self._states: dict[QAction, frozenset[ClaimState]] = {}
        may = screen.context.may
        self._add("Replace it…", self.replace, _LEFT)
        self._add("Void it…", self.void, EDITABLE | _LEFT)
        if may(Permission.CHARGE):
            self._add("Bill it after all", self.bill_after_all, frozenset({ClaimState.VOIDED}))
        self._add("Say why it comes late…", self.say_why_late, EDITABLE)
        self._add("Leave the late days out", self.leave_late_out, EDITABLE)
        self._add("Let the rest go", self.let_rest_go, EDITABLE)
        self._add("Bill the next payer", self.bill_next, _LEFT)
        self._add("It was forwarded by the payer before…", self.mark_forwarded, EDITABLE)
        if may(Permission.ADJUST_ACCOUNTS):
            self._add("Write off, or move what is owed…", self.adjust, frozenset(ClaimState))
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self._grey)

    def _add(self, text: str, deed: Callable[[], None], states: frozenset[ClaimState]) -> None:
        self._states[self.addAction(text, deed)] = states

    def _grey(self) -> None:
        page = self._shown()
        for action, states in self._states.items():
            action.setEnabled(page is not None and page.row.state in states)
            action.setToolTip("" if action.isEnabled() else _WHEN.get(states, ""))

    def replace(self) -> None:
        """Draft a replacement."""
        if (page := self._shown()) is not None:
            row = page.row
            self._open_dialog(replace_dialog(self.context, self.desk, self.owner, row.id, row.number), self._go_to)

    def void(self) -> None:
        """Void the claim."""
        if (page := self._shown()) is not None:
            row = page.row
            self._open_dialog(void_dialog(self.context, self.desk, self.owner, row.id, row.number), self._go_to)

    def bill_after_all(self) -> None:
        """Draft the month of a voided claim again."""
        if (page := self._shown()) is not None:
            claim, database, by = page.row.id, self.context.database, self.context.user_id
            self.owner.do(
                lambda _why: bill_after_all(database, claim, by), changed=("billing",), then=self._go_to,
                said="The month is drafted again. Check it, then write its file.",
            )  # fmt: skip

    def say_why_late(self) -> None:
        """Give the reason of a claim that is filed after the limit."""
        if (page := self._shown()) is not None:
            dialog = DelayDialog(self.context, self.desk, self.owner, page)
            self._open_dialog(dialog.opened_by(self.say_why_late))

    def leave_late_out(self) -> None:
        """Count the claim without the days that are too late to file."""
        if (page := self._shown()) is not None:
            claim, database, by = page.row.id, self.context.database, self.context.user_id
            self.owner.do(
                lambda _why: leave_late_days_out(database, claim, by), changed=("billing",),
                said="The late days are left out; the rest may go. They stand in the claim's days as too late.",
            )  # fmt: skip

    def let_rest_go(self) -> None:
        """Set what stops the claim apart, so that the rest may go."""
        if (page := self._shown()) is not None:
            claim, database, by = page.row.id, self.context.database, self.context.user_id
            self.owner.do(
                lambda _why: let_the_rest_go(database, claim, by), changed=("billing",),
                said="What stops it is on a claim of its own now, which waits; the rest may go.",
            )  # fmt: skip

    def adjust(self) -> None:
        """Write off or move what is owed."""
        if (page := self._shown()) is not None:
            owed = {Account.PAYER: page.payer_owes, Account.PATIENT: page.patient_owes}
            self._open_dialog(AdjustDialog(self.context, self.desk, self.owner, page.row.id, page.row.number, owed))

    def bill_next(self) -> None:
        """Draft the claim to the next payer."""
        if (page := self._shown()) is not None:
            claim, database, by = page.row.id, self.context.database, self.context.user_id
            self.owner.do(
                lambda why: make_secondary(database, claim, by, why), changed=("billing",), then=self._go_to,
                said="The claim to the next payer is drafted.",
            )  # fmt: skip

    def mark_forwarded(self) -> None:
        """Say, once it is asked, that the next payer has this claim from the payer before."""
        if (page := self._shown()) is None:
            return
        claim, database, by = page.row.id, self.context.database, self.context.user_id
        asked = Question(
            f"Was claim {page.row.number} forwarded?",
            ("It leaves in no file of ours: the payer before sent it on. The next payer owes the share from now on.",),
            yes="It was forwarded",
        )
        self.desk.messages.confirm(
            asked,
            lambda: self.owner.do(
                lambda _why: mark_forwarded(database, claim, by), changed=("billing",),
                said="The next payer owes the share now. Its answer is posted to this claim.",
            ),
            self.owner,
        )  # fmt: skip

    def _go_to(self, claim: object) -> None:
        self.desk.open("claim", claim)

    def _open_dialog(self, dialog: DeedDialog, then: Callable[[object], object] | None = None) -> None:
        self.deed_dialog = dialog
        if then is not None:
            dialog.succeeded.connect(then)
        dialog.open()
