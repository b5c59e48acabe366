"""One signal that tells every open screen what somebody changed."""

from PySide6.QtCore import QObject, Signal


class Changes(QObject):
    """A deed that succeeded announces its topics ("stock", "deliveries"); screens that show them ask again."""

    changed = Signal(object)

    def announce(self, *topics: str) -> None:
        """Tell everybody; without topics nothing happens."""
        if topics:
            self.changed.emit(frozenset(topics))
