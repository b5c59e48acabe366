"""Whether the program ended as it should the last time: if not, people hear what they saved last (A5)."""

from pathlib import Path

from PySide6.QtCore import QLockFile


class LastTime:
    """A lock beside the settings, held while the program runs; one that nobody holds is a dead program's."""

    def __init__(self, folder: Path) -> None:
        file = folder / "running.lock"
        was_there = file.exists()
        self._lock = QLockFile(str(file))
        self._lock.setStaleLockTime(0)
        self.ended_badly = self._lock.tryLock(0) and was_there

    def close(self) -> None:
        """The program ends as it should."""
        self._lock.unlock()
