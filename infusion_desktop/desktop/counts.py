"""A field for how many of something are left, on the telephone and when a delivery is planned."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit

from infusion_desktop.desktop.labels import restyle


class CountField(QLineEdit):
    """How many are left at home; blank where nobody asked."""

    def __init__(self, item: str) -> None:
        super().__init__()
        self.setFixedWidth(78)
        self.setMaxLength(6)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setAccessibleName(f"At home: {item}")

    def number(self) -> int | None:
        """The count, or None where it is blank or no number."""
        typed = self.text().strip().replace(",", "")
        return int(typed) if typed.isascii() and typed.isdigit() else None

    def show_whether_right(self) -> bool:
        """Mark what is no whole number."""
        right = not self.text().strip() or self.number() is not None
        self.setProperty("wrong", "false" if right else "true")
        self.setToolTip("" if right else "Type a whole number, or leave it blank.")
        restyle(self)
        return right
