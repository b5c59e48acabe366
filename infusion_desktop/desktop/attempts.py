"""A deed that is pressed again: by itself after a deadlock, and never done twice after an answer that was lost."""

from collections.abc import Callable
from typing import TypeVar

from infusion_desktop.database.engine import Database
from infusion_desktop.database.trouble import Unsure
from infusion_desktop.errors import Kept

T = TypeVar("T")


class Attempts:
    """Belongs to the screen or dialog whose deeds these are."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._unsure: Unsure | None = None

    def do(self, deed: Callable[[], T]) -> T:
        """Do a deed; called on a worker thread. First what became of the one before is settled, where nobody knows."""
        try:
            if self._unsure is not None:
                self._unsure.settle()
            self._unsure = None
            return self._database.unhindered(deed)
        except Unsure as error:
            self._unsure = error
            raise
        except Kept:
            self._unsure = None
            raise
