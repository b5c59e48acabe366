"""Whose data were opened here the last time: the sign-in window says so before anything is read or asked."""

from PySide6.QtCore import QSettings

from infusion_desktop.database.migrations import newest
from infusion_desktop.database.place import Place


class LastOpened:
    """Kept in the window's own settings. Another place, or a program of another schema, is not known yet."""

    def __init__(self, own: QSettings) -> None:
        self._own = own

    def pharmacy(self, place: Place) -> str:
        """Whose data lie there; "" where that is not known."""
        if (place.is_sqlite and not place.file.exists()) or self._own.value("opened/data") != _mark(place):
            return ""
        return str(self._own.value("opened/pharmacy"))

    def keep(self, place: Place, pharmacy: str) -> None:
        """These data were opened."""
        self._own.setValue("opened/data", _mark(place))
        self._own.setValue("opened/pharmacy", pharmacy)

    @property
    def by_phrase(self) -> bool:
        """Whether somebody had to type the passphrase: the key is looked for before anybody is asked who they are."""
        return self._own.value("opened/by_phrase") in (True, "true")

    @by_phrase.setter
    def by_phrase(self, now: bool) -> None:
        self._own.setValue("opened/by_phrase", now)


def _mark(place: Place) -> str:
    return f"{newest()} {place.without_login()}"
