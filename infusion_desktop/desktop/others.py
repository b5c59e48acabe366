"""What others changed, brought to the window's thread: open screens ask again, a server that is away is shown."""

from PySide6.QtCore import QObject, QTimer, Signal

from infusion_desktop.database.engine import Database
from infusion_desktop.database.listening import Listener
from infusion_desktop.desktop.changes import Changes

TOGETHER_MS = 400
"""What comes within this time is told once: a busy bench would otherwise keep every screen asking."""
_ALSO = {"stock": ("counts",), "deliveries": ("schedule",), "access": ("people",)}
"""Topics of screens besides the room's own name."""


class Others(QObject):
    """Listens while a window is open."""

    reached = Signal(bool)
    """Whether the database answers; told when that changes."""
    _heard = Signal(object)

    def __init__(self, database: Database, changes: Changes, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._changes = changes
        self._waiting: set[str] = set()
        self._together = QTimer(self)
        self._together.setSingleShot(True)
        self._together.setInterval(TOGETHER_MS)
        self._together.timeout.connect(self._announce)
        self._heard.connect(self._gather)
        self._listener = Listener(database, self._heard.emit, self.reached.emit)

    def start(self) -> None:
        """Begin to listen."""
        self._listener.start()

    def stop(self) -> None:
        """Listen no longer."""
        self._listener.stop()

    def end(self) -> None:
        """Listen no longer, and wait until nothing is read any more; for a worker."""
        self._listener.end()

    def _gather(self, rooms: frozenset[str]) -> None:
        for room in rooms:
            self._waiting.update((room, *_ALSO.get(room, ())))
        if not self._together.isActive():
            self._together.start()

    def _announce(self) -> None:
        topics, self._waiting = self._waiting, set()
        self._changes.announce(*topics)
