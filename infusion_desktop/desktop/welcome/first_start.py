"""The first start: empty or with the demonstration pharmacy, who we are, and the first administrator."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QRadioButton, QVBoxLayout, QWidget

from infusion_desktop.access.people import User
from infusion_desktop.access.pharmacy import HOME_INFUSION_PHARMACY, Profile
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.file_choice import ask_where_to_save
from infusion_desktop.desktop.forms import Form, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Steps
from infusion_desktop.desktop.protect_form import ProtectForm
from infusion_desktop.desktop.welcome.window import DoorWindow
from infusion_desktop.errors import Refused
from infusion_desktop.identifiers import read_npi, read_phone, read_tax_id, read_taxonomy, read_zip


@dataclass(frozen=True, slots=True)
class FirstStart:
    """What a person chose and typed at the first start."""

    profile: Profile
    username: str
    name: str
    password: str
    demonstration: bool
    phrases: tuple[str, ...] = ()
    """What opens the data from now on; none when they are not encrypted."""


SetUp = Callable[[FirstStart], Generator[Any, None, User]]


class FirstStartWindow(DoorWindow):
    """A few short steps; ``ready`` carries the administrator when the pharmacy is set up."""

    ready = Signal(object)
    place_chosen = Signal(str)
    """Another file to keep the data in."""

    def __init__(
        self, place: str, example: Profile, set_up: SetUp, has_key_store: Callable[[], bool] | None = None
    ) -> None:
        """``has_key_store`` tells whether the system keeps keys; None where the data cannot be encrypted here."""
        super().__init__(
            "Welcome to Infusion Desktop",
            "A few short steps, then the pharmacy opens. Everything can be changed later.",
            width=820,
        )
        self._example, self._set_up = example, set_up
        self.steps = Steps("Open the pharmacy")
        self.steps.cancel.hide()
        self.steps.add_step("How to start", self._how(place))
        self.steps.add_step("The pharmacy", self._pharmacy(), self._pharmacy_is_right)
        self.steps.add_step("You", self._person(), self._person_is_right)
        self.protect = ProtectForm()
        if has_key_store is not None:
            self.protect.failed.connect(lambda error: self.messages.show_failure(error, self))
            self.steps.add_step("Protection", self.protect, self.protect.check)
            self.jobs.run(self, has_key_store, self.protect.know_store, lambda _error: None)
        self.steps.seal()
        self.steps.shown.connect(self._shown)
        self.steps.finished.connect(self._finish)
        self.card.add(self.steps)
        self.empty.setFocus()

    def _how(self, place: str) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setSpacing(6)
        self.empty = QRadioButton("Start empty")
        self.demonstration = QRadioButton("Load the demonstration pharmacy")
        self.empty.setChecked(True)
        column.addWidget(self.empty)
        column.addWidget(label("For real work: import your own catalogue, then admit the first patient.", "small"))
        column.addSpacing(10)
        column.addWidget(self.demonstration)
        column.addWidget(
            label(
                "Some 400 items, 100 pumps and poles, 80 invented patients and four months of work, to look around.",
                "small",
            )
        )
        column.addSpacing(18)
        column.addWidget(label("Where the data are kept", "caption"))
        where = label(place, "small", wrap=True)
        where.setTextInteractionFlags(where.textInteractionFlags() | where.textInteractionFlags().TextSelectableByMouse)
        column.addWidget(where)
        row = QHBoxLayout()
        row.addWidget(button("Keep them elsewhere…", self._choose_place, icon="database"))
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(
            label("A local disk, please. Several workstations share a PostgreSQL server: see the README.", "small")
        )
        column.addStretch(1)
        return page

    def _choose_place(self) -> None:
        ask_where_to_save(
            self, "Where shall the data be kept?", "pharmacy.db", "Database (*.db)",
            lambda file: self.place_chosen.emit(str(file)),
        )  # fmt: skip

    def _pharmacy(self) -> QWidget:
        self.pharmacy = Form()
        self.name = TextField("Name of the pharmacy", required=True)
        self.street = TextField("Street", required=True)
        self.street_2 = TextField("Suite or building")
        self.city = TextField("City", required=True)
        self.state = TextField("State", required=True, placeholder="OR", longest=2)
        self.zip = TextField("ZIP code", required=True, read=read_zip)
        self.phone = TextField("Telephone", required=True, read=read_phone)
        self.fax = TextField("Fax")
        self.npi = TextField("NPI", required=True, read=read_npi, hint="Ten digits; the last one is checked.")
        self.tax_id = TextField("Tax id (EIN)", required=True, read=read_tax_id)
        self.taxonomy = TextField("Taxonomy code", required=True, read=read_taxonomy)
        self.taxonomy.set_value(HOME_INFUSION_PHARMACY)
        self.pharmacy.section(
            "",
            (self.name,),
            (self.street, self.street_2),
            (self.city, self.state, self.zip),
            (self.phone, self.fax),
            (self.npi, self.tax_id, self.taxonomy),
        )
        self.pharmacy.end()
        return self.pharmacy

    def _person(self) -> QWidget:
        self.person = Form()
        self.person_name = TextField("Your name", required=True)
        self.username = TextField("User name", required=True, hint="What you sign in with.")
        self.password = TextField("Password", required=True, hint="At least ten characters; a few words are easiest.")
        self.again = TextField("The same password again", required=True)
        for field in (self.password, self.again):
            field.line.setEchoMode(QLineEdit.EchoMode.Password)
        self.person.section("", (self.person_name, self.username), (self.password, self.again))
        self.note = label("", "small", wrap=True)
        column = self.person.layout()
        assert column is not None
        column.addWidget(self.note)
        self.person.end()
        return self.person

    def _shown(self, step: int) -> None:
        if step == 1 and self.demonstration.isChecked() and not self.name.typed():
            self._fill_in(self._example)
        if step == 2:
            self.note.setText(
                "The invented staff of the demonstration (maria, aisha, carol, bill, ruth and others) get this "
                "password too, so that you can sign in as a second person."
                if self.demonstration.isChecked()
                else ""
            )
        first = {1: self.name, 2: self.person_name}.get(step)
        if first is not None:
            first.setFocus()

    def _fill_in(self, profile: Profile) -> None:
        for name in ("name", "street", "street_2", "city", "state", "zip", "phone", "fax", "npi", "tax_id", "taxonomy"):
            getattr(self, name).set_value(getattr(profile, name))

    def _pharmacy_is_right(self) -> bool:
        return self.pharmacy.check()

    def _person_is_right(self) -> bool:
        if not self.person.check():
            return False
        if len(self.password.line.text()) < 10:
            self.password.complain("A password has at least ten characters.")
            return False
        if self.password.line.text() != self.again.line.text():
            self.again.complain("The two passwords differ. Type the same one twice.")
            return False
        return True

    def _typed(self) -> FirstStart:
        profile = Profile(
            name=self.name.value(),
            street=self.street.value(),
            street_2=self.street_2.value(),
            city=self.city.value(),
            state=self.state.value(),
            zip=self.zip.value(),
            phone=self.phone.value(),
            fax=self.fax.value(),
            npi=self.npi.value(),
            tax_id=self.tax_id.value(),
            taxonomy=self.taxonomy.value(),
            demonstration=self.demonstration.isChecked(),
        )
        return FirstStart(
            profile,
            self.username.value(),
            self.person_name.value(),
            self.password.line.text(),
            self.demonstration.isChecked(),
            self.protect.phrases(),
        )

    def _finish(self) -> None:
        try:
            typed = self._typed()
        except Refused as no:
            self.messages.show_failure(no, self)
            return
        self.steps.setEnabled(False)
        text = "Making the demonstration pharmacy" if typed.demonstration else "Setting the pharmacy up"
        self.jobs.run(
            self, lambda: self._set_up(typed), self.ready.emit, self._failed, on_cancelled=self._again, text=text
        )

    def _failed(self, error: Exception) -> None:
        self._again()
        self.messages.show_failure(error, self)

    def _again(self) -> None:
        self.steps.setEnabled(True)
