"""The form of an order: drug, how and how often it is given, from when to when."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from infusion_desktop.desktop.forms import CheckField, ChoiceField, DayField, Field, Form, QuantityField, TextField
from infusion_desktop.errors import Refused
from infusion_desktop.patients.queries import DeviceRow, PrescriberRow, show_device
from infusion_desktop.patients.therapies import NewTherapy
from infusion_desktop.patients.words import DeviceId, Method, PrescriberId, Route, TherapyClass
from infusion_desktop.stock.queries import ItemFound
from infusion_desktop.stock.words import ItemId

T = TypeVar("T")

INTERVALS = (
    ("every 3 hours", 3), ("every 4 hours", 4), ("every 6 hours", 6), ("every 8 hours", 8), ("every 12 hours", 12),
    ("once a day, or continuous", 24), ("every 36 hours", 36), ("every 48 hours", 48), ("every 72 hours", 72),
    ("once a week", 168), ("every 2 weeks", 336), ("every 4 weeks", 672),
)  # fmt: skip


class OrderForm(Form):
    """What a prescriber ordered; ``order()`` reads it or raises Refused."""

    def __init__(self, *more: Field[Any]) -> None:
        """``more`` are asked first: from when on an order changes, and why."""
        super().__init__()
        self._kept: NewTherapy | None = None
        self._offers_kept_item = True
        classes = [(each.value, each) for each in TherapyClass]
        self.therapy_class: ChoiceField[TherapyClass] = ChoiceField("Kind of therapy", classes, required=True)
        self.drug = TextField("Drug and dose as ordered", required=True, placeholder="cefazolin 2 g")
        self.item: ChoiceField[ItemId] = ChoiceField("Drug in the catalogue", placeholder="Type a part of its name")
        self.units = QuantityField("Units of it in one dose", least=1, most=1000)
        self.route: ChoiceField[Route] = ChoiceField("Route", [(each.value, each) for each in Route], required=True)
        self.method: ChoiceField[Method] = ChoiceField("Method", [(each.value, each) for each in Method], required=True)
        self.interval: ChoiceField[int] = ChoiceField("How often", INTERVALS, required=True)
        self.run_hours = QuantityField(
            "Hours a day it runs", most=24, hint="24 is continuous; empty for short infusions."
        )
        self.volume = QuantityField("Volume a day", most=20_000, unit="mL")
        self.starts_on = DayField("First day", required=True)
        self.stops_on = DayField("Last day", hint="Empty while it goes on.")
        self.ordered_on = DayField("Ordered on", required=True)
        self.unsigned = CheckField("Given by telephone, not signed yet", hint="Claims wait for the signature.")
        self.prescriber: ChoiceField[PrescriberId] = ChoiceField("Prescriber", required=True)
        self.device: ChoiceField[DeviceId] = ChoiceField("Through", placeholder="Access device")
        self.device.hide()
        if more:
            self.section("", more)
        self.section("Order", (self.therapy_class, self.drug), (self.item, self.units))
        self.section("How it is given", (self.route, self.method, self.interval), (self.run_hours, self.volume),
                     (self.device,))  # fmt: skip
        self.section("When and by whom", (self.starts_on, self.stops_on, self.ordered_on),
                     (self.prescriber, self.unsigned))  # fmt: skip
        self.units.set_value(1)
        self.route.set_value(Route.INTRAVENOUS)

    def offer(self, prescribers: Sequence[PrescriberRow], drugs: Sequence[ItemFound]) -> None:
        """Fill the lists to choose from."""
        self.prescriber.set_choices([(f"{row.name}, NPI {row.prescriber.npi}", row.id) for row in prescribers])
        self.item.set_choices([(f"{drug.name} ({drug.number})", drug.id) for drug in drugs])

    def offer_devices(self, devices: Iterable[DeviceRow]) -> None:
        """The patient's access devices to choose from, those still in place."""
        self.device.show()
        self.device.set_choices([(show_device(row.device), row.id) for row in devices if not row.device.removed_on])

    def order(self, device_id: DeviceId | None = None) -> NewTherapy:
        """The order as typed; through ``device_id`` where no device was asked for."""
        return NewTherapy(
            therapy_class=_needed(self.therapy_class.value(), "Choose the kind of therapy."),
            drug=self.drug.value(),
            route=_needed(self.route.value(), "Choose the route."),
            method=_needed(self.method.value(), "Choose the method."),
            interval_hours=_needed(self.interval.value(), "Choose how often it is given."),
            starts_on=_needed(self.starts_on.value(), "Type the first day."),
            prescriber_id=_needed(self.prescriber.value(), "Choose the prescriber."),
            ordered_on=_needed(self.ordered_on.value(), "Type the day of the order."),
            drug_item_id=self.item.value(),
            units_per_dose=self.units.value() or 1,
            device_id=device_id if self.device.is_blank() else self.device.value(),
            run_hours=Decimal(self.run_hours.value() or 0),
            volume_ml_per_day=self.volume.value() or 0,
            stops_on=self.stops_on.value(),
            unsigned=self.unsigned.value(),
        )

    def show_order(self, order: NewTherapy) -> None:
        """Fill in a kept order, for a change or a correction; call after ``offer``."""
        self._kept = order
        if order.interval_hours not in {hours for _name, hours in INTERVALS}:
            self.interval.set_choices([*INTERVALS, (f"every {order.interval_hours} hours", order.interval_hours)])
        self.therapy_class.set_value(order.therapy_class)
        self.route.set_value(order.route)
        self.method.set_value(order.method)
        self.interval.set_value(order.interval_hours)
        self.prescriber.set_value(order.prescriber_id)
        self.item.set_value(order.drug_item_id)
        self.device.set_value(order.device_id)
        self._offers_kept_item = order.drug_item_id is None or not self.item.is_blank()
        self.drug.set_value(order.drug)
        self.units.set_value(order.units_per_dose)
        self.run_hours.set_value(int(order.run_hours) or None)
        self.volume.set_value(order.volume_ml_per_day or None)
        self.unsigned.set_value(order.unsigned)
        for day, kept_day in (
            (self.starts_on, order.starts_on), (self.stops_on, order.stops_on), (self.ordered_on, order.ordered_on),
        ):  # fmt: skip
            day.set_value(kept_day)

    def changed_order(self) -> NewTherapy:
        """The kept order as changed; what the form does not ask for stays."""
        kept = self._kept
        assert kept is not None
        order = self.order(kept.device_id)
        item = order.drug_item_id if self._offers_kept_item else order.drug_item_id or kept.drug_item_id
        run_hours = kept.run_hours if (self.run_hours.value() or 0) == int(kept.run_hours) else order.run_hours
        return replace(
            order, drug_item_id=item, run_hours=run_hours, per_diem_code=kept.per_diem_code, priority=kept.priority
        )

    def begin(self, day: date) -> None:
        """Offer today for the days that are usually today."""
        self.starts_on.set_value(day)
        self.ordered_on.set_value(day)


def _needed(value: T | None, sentence: str) -> T:
    if value is None:
        raise Refused(sentence)
    return value
