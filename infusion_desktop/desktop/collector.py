"""Python's search for unreachable objects, on the window's thread only.

By default it runs in whichever thread happens to allocate; a worker that found a closed dialog there would destroy Qt
objects on the wrong thread, which ends the program at a later moment nobody can explain.
"""

import gc

from PySide6.QtCore import QObject, QTimer

EVERY_MS = 500
LIMITS = (20_000, 20, 50)
"""How many new objects, and how many rounds of the younger generations, make a round of each generation due."""


class Collector(QObject):
    """Takes the search over from Python; looks twice a second whether a round is due."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.collect_if_due)
        self._timer.start(EVERY_MS)

    def collect_if_due(self) -> None:
        """One round of the oldest generation that is due."""
        for generation in (2, 1, 0):
            if gc.get_count()[generation] > LIMITS[generation]:
                gc.collect(generation)
                return
