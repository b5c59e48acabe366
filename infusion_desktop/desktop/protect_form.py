"""Protecting the data: whether to encrypt, the passphrase where one is typed, the recovery phrase to write down."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit

from infusion_desktop.database.keys import SHORTEST_PHRASE, recovery_phrase
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.file_choice import ask_where_to_save
from infusion_desktop.desktop.forms import CheckField, Form, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.errors import Refused
from infusion_desktop.files import write_whole


class ProtectForm(Form):
    """The fields; ``phrases`` is empty when the data shall not be encrypted."""

    failed = Signal(object)
    """The phrase could not be saved as a file."""

    def __init__(self, *, may_refuse: bool = True) -> None:
        super().__init__()
        self.recovery = recovery_phrase()
        self.wanted = CheckField("Encrypt the data on this computer")
        self.wanted.set_value(not may_refuse)
        self.wanted.setVisible(may_refuse)
        self.how = label("", "small", wrap=True)
        self.phrase = TextField("Passphrase", required=True, hint="Asked for at each start. A few words are easiest.")
        self.again = TextField("The same passphrase again", required=True)
        for field in (self.phrase, self.again):
            field.line.setEchoMode(QLineEdit.EchoMode.Password)
        self.shown = label(self.recovery, "phrase")
        self.shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.shown.setAccessibleName("Recovery phrase")
        self.save = button("Save it as a file…", self._save, icon="export")
        self.noted = CheckField("I have written the recovery phrase down")
        self.why = label(
            "Recovery phrase. It opens the data and every copy on another computer, or when the passphrase is "
            "forgotten. Keep it on paper, away from this computer: without it nobody can help.", "small", wrap=True,
        )  # fmt: skip
        row = QHBoxLayout()
        row.addWidget(self.shown, 1)
        row.addWidget(self.save)
        self.section("", (self.wanted,))
        self._column.addWidget(self.how)
        self.section("", (self.phrase, self.again))
        self._column.addWidget(self.why)
        self._column.addLayout(row)
        self.section("", (self.noted,))
        self.end()
        self.has_store = False
        self.wanted.box.toggled.connect(lambda _on: self._show())
        self._show()

    def know_store(self, there_is_one: bool) -> None:
        """Say whether this system can keep the key; where it can, the data are encrypted unless somebody says no."""
        self.has_store = there_is_one
        if there_is_one and not self.wanted.box.isChecked():
            self.wanted.set_value(True)
        self._show()

    def phrases(self) -> tuple[str, ...]:
        """What shall open the data from now on."""
        if not self.wanted.value():
            return ()
        return (self.recovery,) if self.has_store else (self.phrase.line.text(), self.recovery)

    def check(self) -> bool:
        if not self.wanted.value():
            return True
        if not super().check():
            return False
        if not self.has_store:
            if len(self.phrase.line.text().strip()) < SHORTEST_PHRASE:
                self.phrase.complain(f"A passphrase has at least {SHORTEST_PHRASE} characters.")
                return False
            if self.phrase.line.text() != self.again.line.text():
                self.again.complain("The two passphrases differ. Type the same one twice.")
                return False
        if not self.noted.value():
            self.noted.complain("Write it down or save it first, then tick this.")
            return False
        return True

    def _show(self) -> None:
        on = self.wanted.value()
        for part in (self.shown, self.save, self.noted, self.why):
            part.setVisible(on)
        for field in (self.phrase, self.again):
            field.setVisible(on and not self.has_store)
        if not on:
            self.how.setText("Whoever gets hold of this disk or of a copy can read the patients' data.")
        elif self.has_store:
            self.how.setText("This system keeps the key for you: nothing need be typed at the start.")
        else:
            self.how.setText("This system keeps no keys, so a passphrase is asked for at each start.")

    def _save(self) -> None:
        def write(file: Path) -> None:
            text = f"Infusion Desktop, recovery phrase\n\n{self.recovery}\n\nPrint this page, then remove the file.\n"
            try:
                write_whole(file, text.encode())
                file.chmod(0o600)
            except (Refused, OSError) as error:
                self.failed.emit(error)

        ask_where_to_save(self, "Save the recovery phrase", "recovery-phrase.txt", "Text (*.txt)", write)
