"""Short forms over a patient's screens: a prescriber, an interruption, a last day with its reason."""

from collections.abc import Callable, Iterable

from infusion_desktop.dates import today
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import ChoiceField, DayField, Form, TextField
from infusion_desktop.desktop.pages import scrolled
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.identifiers import read_npi, read_phone
from infusion_desktop.patients.prescribers import NewPrescriber
from infusion_desktop.patients.words import InterruptionKind


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

    def deed(self) -> Deed | None:
        return self._keep() if self.form.check() else None

    def said(self, _result: object) -> str:
        return self._said


class PrescriberForm(Form):
    """A new prescriber."""

    def __init__(self) -> None:
        super().__init__()
        self.last_name = TextField("Last name", required=True)
        self.first_name = TextField("First name", required=True)
        self.credentials = TextField("Credentials", placeholder="MD")
        self.npi = TextField("NPI", required=True, read=read_npi, hint="Ten digits; the last one is checked.")
        self.phone = TextField("Telephone", read=read_phone)
        self.practice = TextField("Practice")
        self.section("", (self.last_name, self.first_name, self.credentials), (self.npi, self.phone), (self.practice,))

    def prescriber(self) -> NewPrescriber:
        """The prescriber as typed."""
        return NewPrescriber(
            self.last_name.value(), self.first_name.value(), self.npi.value(), self.credentials.value(),
            self.phone.value(), "", self.practice.value(),
        )  # fmt: skip


class PauseForm(Form):
    """Days on which therapy at home does not run."""

    def __init__(self) -> None:
        super().__init__()
        kinds = [(each.value.capitalize(), each) for each in InterruptionKind]
        self.kind: ChoiceField[InterruptionKind] = ChoiceField("Why", kinds, required=True)
        self.first_on = DayField("First day", required=True)
        self.last_on = DayField("Last day", hint="Empty while it lasts. Both days belong to it.")
        self.note = TextField("Note")
        self.section("", (self.kind,), (self.first_on, self.last_on), (self.note,))


class LastDayForm(Form):
    """The last day of an order, an interruption or an episode; and why, where that is kept."""

    def __init__(self, *, with_reason: bool = True) -> None:
        super().__init__()
        self.last_on = DayField("Last day", required=True)
        self.last_on.set_value(today())
        self.reason = TextField("Reason", required=True)
        self.section("", (self.last_on, self.reason) if with_reason else (self.last_on,))
