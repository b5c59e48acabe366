"""What is done with a patient's orders: written, changed from a day on, corrected, interrupted, stopped; labs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from infusion_desktop.dates import show_day, today
from infusion_desktop.deliveries.care.ending import stop_and_fetch
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.deed_dialog import Deed
from infusion_desktop.desktop.forms import DayField, Form, TextField
from infusion_desktop.desktop.patients.order_form import OrderForm
from infusion_desktop.desktop.patients.page_base import PageBase
from infusion_desktop.desktop.patients.person_forms import LabForm
from infusion_desktop.desktop.patients.small_dialogs import LastDayForm, PauseForm
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused
from infusion_desktop.patients.interruptions import (
    NewInterruption,
    close_interruption,
    interrupt,
    remove_interruption,
)
from infusion_desktop.patients.labs import LabRow, NewLab, add_lab, end_lab
from infusion_desktop.patients.order_versions import change_from
from infusion_desktop.patients.queries import InterruptionRow, TherapyRow, prescribers
from infusion_desktop.patients.therapies import NewTherapy, change_therapy, order_therapy, record_signature
from infusion_desktop.patients.words import DeviceId, InterruptionKind, PatientId
from infusion_desktop.stock.queries import find_items
from infusion_desktop.stock.words import ItemKind

_COUNTS = ("patients", "billing", "deliveries")


class OrderDeeds(PageBase):
    """The deeds about orders; the screen has the tables they are chosen in."""

    therapies: TableView[TherapyRow]
    pauses: TableView[InterruptionRow]
    labs: TableView[LabRow]

    def _order(self) -> None:
        if self.shown is None:
            return
        patient, form = self.patient, OrderForm()
        form.begin(today())
        devices = self.shown.page.devices
        form.offer_devices(devices)
        device: DeviceId | None = next((each.id for each in devices if each.device.removed_on is None), None)
        form.device.set_value(device)
        self._ask_form("A new order", form, lambda: self._keep_order(patient, form), "The order is written.", _COUNTS)
        self.ask(self._choices, lambda found: form.offer(*found))

    def _choices(self) -> tuple[Any, Any]:
        with self.context.database.reading() as session:
            return prescribers(session), find_items(session, "", kinds=(ItemKind.DRUG,), limit=5000)

    def _keep_order(self, patient: PatientId, form: OrderForm) -> Deed:
        order, database, by = form.order(), self.context.database, self.context.user_id
        return lambda _why: order_therapy(database, patient, order, by)

    def _change(self) -> None:
        """Another dose or frequency from a day on."""
        row = self._selected(self.therapies, "Select the order that changes.")
        if row is None:
            return
        from_on = DayField("Changes from", required=True, hint="Until the day before, the order stays as it was.")
        from_on.set_value(max(today(), row.order.starts_on + timedelta(days=1)))
        why = TextField("Why it changes", required=True, placeholder="Call from the prescriber: level too high")
        form = OrderForm(from_on, why)
        form.starts_on.setEnabled(False)
        database, by = self.context.database, self.context.user_id

        def keep() -> Deed:
            order, day, reason = form.changed_order(), from_on.value() or today(), why.value()
            return lambda _why: change_from(database, row.id, order, day, row.version, by, reason)

        self._ask_kept(form, row, f"Change {row.order.drug}", keep, "The order changes from that day on.",
                       self._change)  # fmt: skip

    def _correct(self) -> None:
        """What was typed wrong."""
        row = self._selected(self.therapies, "Select the order to correct.")
        if row is None:
            return
        why = TextField("Why it is corrected", required=True, placeholder="Typed wrong: the prescriber wrote 12 hours")
        form = OrderForm(why)
        database, by = self.context.database, self.context.user_id

        def keep() -> Deed:
            order, reason = form.changed_order(), why.value()
            return lambda _why: change_therapy(database, row.id, order, row.version, by, reason)

        self._ask_kept(form, row, f"Correct {row.order.drug}", keep, "The order is corrected.", self._correct)

    def _signed(self) -> None:
        """The signature for an order given by telephone came."""
        row = self._selected(self.therapies, "Select the order that was signed.")
        if row is None:
            return
        if not row.order.unsigned:
            signed_on = show_day(row.signed_on or row.order.ordered_on)
            self.desk.messages.refused((f"{row.order.drug} is signed already, dated {signed_on}.",), self, Tone.INFO)
            return
        day, form = DayField("Dated beside the signature", required=True), Form()
        form.section("", (day,))
        day.set_value(today())
        database, by = self.context.database, self.context.user_id

        def keep() -> Deed:
            signed_on = day.value() or today()
            return lambda _why: record_signature(database, row.id, signed_on, row.version, by)

        self._ask_form(f"{row.order.drug} is signed", form, keep, "The order is signed; its claims may go.", _COUNTS,
                       self._signed)  # fmt: skip

    def _ask_kept(
        self, form: OrderForm, row: TherapyRow, title: str, keep: Any, said: str, again: Callable[[], object]
    ) -> None:
        """Show an order's form once its lists are there: an order filled in without them would lose its choices."""
        assert self.shown is not None
        form.offer_devices(self.shown.page.devices)

        def show(found: tuple[Any, Any]) -> None:
            form.offer(*found)
            form.show_order(row.order)
            self._ask_form(title, form, keep, said, _COUNTS, again)

        self.ask(self._choices, show)

    def _stop(self) -> None:
        row = self._selected(self.therapies, "Select the order that ends.")
        if row is None:
            return
        form = LastDayForm()
        self._ask_form(f"Stop {row.order.drug}", form, lambda: self._keep_stop(row, form), "The order ends then.",
                       _COUNTS, self._stop)  # fmt: skip

    def _keep_stop(self, row: TherapyRow, form: LastDayForm) -> Deed:
        last_on, reason = form.last_on.value() or today(), form.reason.value()
        database, by = self.context.database, self.context.user_id
        return lambda _why: stop_and_fetch(database, row.id, last_on, reason, row.version, by)

    def _interrupt(self) -> None:
        if self.shown is None:
            return
        patient = self.patient
        form = PauseForm([(row.order.drug, row.id) for row in self.shown.page.therapies])
        self._ask_form(
            "Interrupt the therapies", form, lambda: self._keep_pause(patient, form),
            "The interruption is kept; its days do not count.", _COUNTS,
        )  # fmt: skip

    def _keep_pause(self, patient: PatientId, form: PauseForm) -> Deed:
        pause = NewInterruption(
            form.kind.value() or InterruptionKind.HOLD, form.first_on.value() or today(), form.last_on.value(),
            form.therapy.value(), form.note.value(),
        )  # fmt: skip
        database, by = self.context.database, self.context.user_id
        return lambda _why: interrupt(database, patient, pause, by)

    def _end_pause(self) -> None:
        row = self._selected(self.pauses, "Select the interruption that ends.")
        if row is None:
            return
        form = LastDayForm(with_reason=False)
        self._ask_form("The patient is back", form, lambda: self._keep_end_of_pause(row, form),
                       "The days after it count again.", _COUNTS, self._end_pause)  # fmt: skip

    def _keep_end_of_pause(self, row: InterruptionRow, form: LastDayForm) -> Deed:
        last_on, database, by = form.last_on.value() or today(), self.context.database, self.context.user_id
        return lambda _why: close_interruption(database, row.id, last_on, row.version, by)

    def _remove_pause(self) -> None:
        self._ask_mistake(
            self.pauses, "Select the interruption that was entered by mistake.", remove_interruption,
            "Its days count again; the entry stays on record.", _COUNTS, self._remove_pause,
        )  # fmt: skip

    def _add_lab(self) -> None:
        row = self._selected(self.therapies, "Select the order the test goes with.")
        if row is None:
            return
        form = LabForm(max(today(), row.order.starts_on))
        database, by = self.context.database, self.context.user_id

        def keep() -> Deed:
            first_on = form.first_on.value()
            if first_on is None:
                raise Refused("Type the day of the first draw.")
            lab = NewLab(form.name.value(), first_on, form.every_days.value() or 7)
            return lambda _why: add_lab(database, row.id, lab, by)

        self._ask_form(f"A test with {row.order.drug}", form, keep, "Each draw becomes a task when it is due.")

    def _end_lab(self) -> None:
        row = self._selected(self.labs, "Select the test that ends.")
        if row is None:
            return
        form = LastDayForm(with_reason=False)
        database, by = self.context.database, self.context.user_id

        def keep() -> Deed:
            last_on = form.last_on.value() or today()
            return lambda _why: end_lab(database, row.id, last_on, row.version, by)

        self._ask_form(f"No more {row.lab.name}", form, keep, "No draw after that day.", again=self._end_lab)


def order_in_words(order: NewTherapy) -> str:
    """How an order is given, such as "elastomeric, every 8 h"."""
    return f"{order.method.value}, every {order.interval_hours} h"
