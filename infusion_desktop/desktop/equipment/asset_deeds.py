"""What the board does with the pump in its panel beyond a plain transition: dialogs and papers."""

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtWidgets import QDialog

from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.money.equipment_charging import waive
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc
from infusion_desktop.deliveries.pumps.charges import ChargeRow, statement
from infusion_desktop.deliveries.pumps.swap_papers import print_exchange, print_hand_over
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.equipment.asset_panel import AssetFacts, More
from infusion_desktop.desktop.equipment.care_dialogs import (
    BackFromVendorDialog,
    DueDayDialog,
    MaintenanceDialog,
    TakeBackDialog,
    VendorDialog,
    VersionsDialog,
)
from infusion_desktop.desktop.equipment.deeds import BoardDeed
from infusion_desktop.desktop.equipment.lending_dialogs import BookingDialog, ChargeDialog, SwapDialog, TripDialog
from infusion_desktop.desktop.equipment.rental_dialogs import RentDialog
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.question import Answer, Question
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.equipment.booking import end_booking
from infusion_desktop.equipment.custody import sell
from infusion_desktop.equipment.holding import end_hold, hold
from infusion_desktop.equipment.papers import life_log
from infusion_desktop.equipment.words import AssetDeed, AssetState

S = AssetState
_AT_HOME = (S.WITH_PATIENT, S.DUE_BACK)


class AssetDeeds:
    """Opens dialogs and papers for a pump, over its screen."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen

    def open_dialog(self, deed: BoardDeed, facts: AssetFacts) -> bool:
        """Open the dialog a deed asks for; False where it needs none."""
        context, desk, row, model = self.screen.context, self.screen.desk, facts.row, facts.model
        if deed.deed is AssetDeed.TAKE_BACK and (model.accessories or model.maintenance_hours):
            self._open(TakeBackDialog(context, desk, row, model, self.screen))
        elif deed.deed is AssetDeed.FINISH_MAINTENANCE:
            self._open(MaintenanceDialog(context, desk, row, model, self.screen))
        elif deed.deed is AssetDeed.SEND_TO_VENDOR:
            self._open(VendorDialog(context, desk, row, self.screen))
        elif deed.deed is AssetDeed.RETURN_FROM_VENDOR:
            self._open(BackFromVendorDialog(context, desk, row, self.screen))
        else:
            return False
        return True

    def more(self, facts: AssetFacts) -> list[More]:
        """What else may be done with it, as it stands and for this person."""
        may, row, page = self.screen.context.may, facts.row, facts.page
        found: list[More] = []
        if row.state in _AT_HOME and may(Permission.PLAN_DELIVERY):
            if page.swap is None or page.swap.stands.startswith("new pump not"):
                found.append(More("Swap", lambda: self.swap(facts), "refresh", usual=True))
            if not page.ticket:
                found.append(More("Pick-up ticket", lambda: self._trip(facts), "truck", usual=True))
        if page.swap is not None:
            found.append(More("Exchange", lambda: self._open_exchange(facts), "kit", usual=True))
        if row.is_ready and may(Permission.PLAN_DELIVERY):
            found.append(More("Keep for a day", lambda: self.book(facts), "calendar", usual=True))
        if row.booking_id is not None and may(Permission.PLAN_DELIVERY):
            found.append(More("End the booking", lambda: self._end_booking(facts), "cross", usual=True))
        found.append(More("Life log (PDF)", lambda: self.print_log(facts), "print"))
        found += [
            *self._papers(facts), *self._money(facts), *self._facts(facts),
            *([More("Open the patient", lambda: self._open_patient(facts))] if page.patient_id is not None else []),
        ]  # fmt: skip
        return found

    def swap(self, facts: AssetFacts) -> None:
        """Exchange it; the new pump's delivery is opened."""
        dialog = SwapDialog(self.screen.context, self.screen.desk, facts.row, self.screen)
        dialog.succeeded.connect(lambda made: self.screen.desk.open("delivery", made.delivery_id))
        self._open(dialog)

    def book(self, facts: AssetFacts) -> None:
        """Keep it for a patient."""
        self._open(BookingDialog(self.screen.context, self.screen.desk, facts.row, self.screen))

    def print_log(self, facts: AssetFacts) -> None:
        """Everything that ever happened to it, on paper."""
        row = facts.row
        self.show_paper(
            "Equipment log",
            f"equipment-log-{row.tag.lower()}.pdf",
            lambda session, by: life_log(session, row.id, by, now_utc()),
        )

    def show_paper(self, title: str, name: str, draw: Callable[[Any, UserId], bytes]) -> None:
        """Draw a paper off the window's thread and show it."""
        screen, database, by = self.screen, self.screen.context.database, self.screen.context.user_id

        def show(pdf: bytes) -> None:
            PdfDialog(screen.desk, title, pdf, name, screen.context.folder, screen).open()

        screen.ask(lambda: _drawn(database, by, draw), show, key="paper")

    def _show_printed(self, title: str, name: str, draw: Callable[[Database, UserId, str], bytes]) -> None:
        """The same of what tells of a patient: a restricted record asks why."""
        screen, database, by = self.screen, self.screen.context.database, self.screen.context.user_id

        def show(pdf: bytes) -> None:
            PdfDialog(screen.desk, title, pdf, name, screen.context.folder, screen).open()

        screen.do(lambda why: draw(database, by, why), then=show)

    def _papers(self, facts: AssetFacts) -> list[More]:
        swap, delivery = facts.page.swap, facts.page.delivery_id
        if swap is not None:
            said = More("Exchange sheet (PDF)", lambda: self._show_printed(
                "Pump exchange", f"exchange-{swap.number.lower()}.pdf",
                lambda database, by, why: print_exchange(database, swap.id, by, why)))  # fmt: skip
            return [said]
        if delivery is not None:
            return [More("Hand-over check list (PDF)", lambda: self._show_printed(
                "Pump hand-over", f"hand-over-{facts.page.delivery_number.lower()}.pdf",
                lambda database, by, why: print_hand_over(database, delivery, by, why)))]  # fmt: skip
        return []

    def _money(self, facts: AssetFacts) -> list[More]:
        if not self.screen.context.may(Permission.CHARGE_EQUIPMENT):
            return []
        found = []
        ever_out = any(event.deed is AssetDeed.DELIVER for event in facts.history)
        if ever_out:
            found.append(More("Charge for it", lambda: self._charge(facts)))
        if facts.row.state is AssetState.WITH_PATIENT:
            found.append(More("Sell to the patient", lambda: self._sell(facts)))
        for each in facts.page.charges:
            found.append(More(f"Statement {each.number} (PDF)", partial(self._statement, each)))
            if not each.waived:
                found.append(More(f"Waive charge {each.number}", partial(self._waive, each)))
        return found

    def _facts(self, facts: AssetFacts) -> list[More]:
        may, row = self.screen.context.may, facts.row
        context, desk, screen = self.screen.context, self.screen.desk, self.screen
        found = []
        if may(Permission.CARE_FOR_EQUIPMENT) and row.state not in _AT_HOME:
            found.append(More("Software and drug library",
                              lambda: self._open(VersionsDialog(context, desk, row, facts.model, screen))))  # fmt: skip
        if may(Permission.OVERRIDE_EQUIPMENT):
            found.append(More("When maintenance is due",
                              lambda: self._open(DueDayDialog(context, desk, row, screen))))  # fmt: skip
        if may(Permission.RECALL) and row.held:
            found.append(More("Let it be used again", lambda: self._let_go(facts)))
        elif may(Permission.RECALL) and row.state is not S.RETIRED:
            found.append(More("Hold it", lambda: self._hold(facts)))
        if may(Permission.REGISTER_EQUIPMENT) and not row.owner:
            found.append(More("It is rented", lambda: self._open(RentDialog(context, desk, row, screen))))
        return found

    def _hold(self, facts: AssetFacts) -> None:
        row = facts.row
        self._ask_why(f"Hold {row.tag}?", "It goes to nobody until it is let go.", "Hold it",
                      lambda database, by, why: hold(database, row.item_id, [row.serial], why, by),
                      f"{row.tag} is held.")  # fmt: skip

    def _let_go(self, facts: AssetFacts) -> None:
        row = facts.row
        self._ask_why(f"Let {row.tag} be used again?", f"It is held: {row.held}.", "Let it go",
                      lambda database, by, why: end_hold(database, row.id, why, by, was=row.held),
                      f"{row.tag} may be used again.")  # fmt: skip

    def _trip(self, facts: AssetFacts) -> None:
        self._open(TripDialog(self.screen.context, self.screen.desk, self.screen, row=facts.row))

    def _charge(self, facts: AssetFacts) -> None:
        row = facts.row
        self._open(ChargeDialog(self.screen.context, self.screen.desk, row.id, row.tag, facts.model.replacement_value,
                                row.state is S.LOST, self.screen))  # fmt: skip

    def _statement(self, row: ChargeRow) -> None:
        self.show_paper("Equipment charge", f"charge-{row.number.lower()}.pdf",
                        lambda session, by: statement(session, row.id, by, now_utc()))  # fmt: skip

    def _sell(self, facts: AssetFacts) -> None:
        row = facts.row
        self._ask_why(f"Sell {row.tag} to the patient who has it?",
                      "It leaves the register for good. A purchase is billed instead of rent, where the contract pays "
                      "equipment apart.", "Sell it", lambda database, by, why: sell(database, row.id, why, by),
                      f"{row.tag} is sold.")  # fmt: skip

    def _waive(self, row: ChargeRow) -> None:
        self._ask_why(f"Waive charge {row.number}?", "The entry stays; a waiver is added to it.", "Waive",
                      lambda database, by, why: waive(database, row.id, why, by),
                      f"Charge {row.number} is waived.")  # fmt: skip

    def _end_booking(self, facts: AssetFacts) -> None:
        booking = facts.row.booking_id
        if booking is not None:
            self._ask_why(f"End the booking of {facts.row.tag}?", "It is free for other patients again.", "End it",
                          lambda database, by, why: end_booking(database, booking, why, by),
                          f"{facts.row.tag} is free again.")  # fmt: skip

    def _open_exchange(self, facts: AssetFacts) -> None:
        if facts.page.swap is not None:
            self.screen.desk.open("delivery", facts.page.swap.delivery_id)

    def _open_patient(self, facts: AssetFacts) -> None:
        if facts.page.patient_id is not None:
            self.screen.desk.open("patient", facts.page.patient_id)

    def _ask_why(
        self, title: str, sentence: str, yes: str, act: Callable[[Database, UserId, str], object], said: str
    ) -> None:
        screen, database, by = self.screen, self.screen.context.database, self.screen.context.user_id

        def answered(answer: Answer) -> None:
            if answer.yes:
                screen.do(lambda _override: act(database, by, answer.reason), changed=("equipment", "deliveries"),
                          said=said)  # fmt: skip

        asked = Question(title, (sentence,), yes=yes, needs_reason=True, tone=Tone.WARN)
        screen.desk.messages.ask(asked, answered, screen.window())

    def _open(self, dialog: DeedDialog | QDialog) -> None:
        dialog.open()


def _drawn(database: Database, by: UserId, draw: Callable[[Any, UserId], bytes]) -> bytes:
    with database.reading() as session:
        return draw(session, by)
