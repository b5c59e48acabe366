"""Short forms over a patient's screens: a prescriber, an interruption, a last day with its reason."""

from collections.abc import Callable, Iterable, Sequence

from infusion_desktop.dates import today
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.first_size import size_of_dialog
from infusion_desktop.desktop.forms import ChoiceField, DayField, Form, TextField
from infusion_desktop.desktop.pages import scrolled
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.identifiers import read_npi, read_phone, show_phone
from infusion_desktop.patients.prescribers import NewPrescriber
from infusion_desktop.patients.words import InterruptionKind, TherapyId

_AROUND, _SEEN = 190, 60
"""Pixels for the title and the buttons of a dialog, and what it leaves to be seen of the window behind it."""


class FormDialog(DeedDialog):
    """A form with Save; ``keep`` gives the deed once every field is right. Refusals are shown in the dialog."""

    def __init__(
        self,
        screen: Screen,
        title: str,
        form: Form,
        keep: Callable[[], Deed],
        *,
        said: str,
        changed: Iterable[str] = ("patients",),
    ) -> None:
        tall = len(form.fields) > 8
        super().__init__(screen.context, screen.desk, title, screen, width=640 if tall else 480)
        self.form, self._keep, self._said, self.changed = form, keep, said, tuple(changed)
        self.body.addWidget(scrolled(form) if tall else form, 1)
        if tall:
            self.setMinimumHeight(560)
            size_of_dialog(self, 640, min(form.sizeHint().height() + _AROUND, screen.window().height() - _SEEN))

    def deed(self) -> Deed | None:
        return self._keep() if self.form.check() else None

    def said(self, _result: object) -> str:
        return self._said


class PrescriberForm(Form):
    """A new prescriber."""

    def __init__(self, kept: NewPrescriber | None = None) -> None:
        super().__init__()
        self.last_name = TextField("Last name", required=True)
        self.first_name = TextField("First name", required=True)
        self.credentials = TextField("Credentials", placeholder="MD")
        self.npi = TextField("NPI", required=True, read=read_npi, hint="Ten digits; the last one is checked.")
        self.phone = TextField("Telephone", read=read_phone)
        self.fax = TextField("Fax", read=read_phone)
        self.practice = TextField("Practice")
        self.ended_on = DayField("Orders here until", hint="The last day we take orders; empty while it goes on.")
        self.section("", (self.last_name, self.first_name, self.credentials), (self.npi, self.phone, self.fax),
                     (self.practice,))  # fmt: skip
        if kept is not None:
            self.section("", (self.ended_on,))
            for field, value in (
                (self.last_name, kept.last_name), (self.first_name, kept.first_name),
                (self.credentials, kept.credentials), (self.npi, kept.npi), (self.practice, kept.practice),
                (self.phone, show_phone(kept.phone) if kept.phone else ""),
                (self.fax, show_phone(kept.fax) if kept.fax else ""),
            ):  # fmt: skip
                field.set_value(value)
            self.ended_on.set_value(kept.ended_on)

    def prescriber(self) -> NewPrescriber:
        """The prescriber as typed."""
        return NewPrescriber(
            self.last_name.value(), self.first_name.value(), self.npi.value(), self.credentials.value(),
            self.phone.value(), self.fax.value(), self.practice.value(), self.ended_on.value(),
        )  # fmt: skip


class PauseForm(Form):
    """Days on which therapy at home does not run: of one order, or of all."""

    def __init__(self, orders: Sequence[tuple[str, TherapyId]] = ()) -> None:
        super().__init__()
        self.therapy: ChoiceField[TherapyId] = ChoiceField("Only", orders, placeholder="All orders")
        kinds = [(each.value.capitalize(), each) for each in InterruptionKind]
        self.kind: ChoiceField[InterruptionKind] = ChoiceField("Why", kinds, required=True)
        self.first_on = DayField("First day", required=True)
        self.last_on = DayField("Last day", hint="Empty while it lasts. Both days belong to it.")
        self.note = TextField("Note")
        whose = (self.kind, self.therapy) if len(orders) > 1 else (self.kind,)
        self.section("", whose, (self.first_on, self.last_on), (self.note,))


class ReasonForm(Form):
    """One sentence that is kept."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.reason = TextField(title, required=True)
        self.section("", (self.reason,))


class LastDayForm(Form):
    """The last day of an order, an interruption or an episode; and why, where that is kept."""

    def __init__(self, *, with_reason: bool = True) -> None:
        super().__init__()
        self.last_on = DayField("Last day", required=True)
        self.last_on.set_value(today())
        self.reason = TextField("Reason", required=True)
        self.section("", (self.last_on, self.reason) if with_reason else (self.last_on,))
