"""How the application looks: light or dark, switched while it runs."""

from dataclasses import fields
from pathlib import Path
from string import Template
from typing import Literal

from PySide6.QtCore import QObject, QSettings, QSize, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QGuiApplication, QPalette
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget

import resources
from infusion_desktop.desktop import icons
from infusion_desktop.desktop.colours import DARK, LIGHT, Colours

Tint = Literal[
    "text", "muted", "accent", "on_accent", "rail_text", "rail_accent", "good", "warn", "bad", "info", "neutral"
]

_HOME = Path(str(resources.__file__)).parent
_BARE_FONTS = frozenset({"DejaVu Sans", "DejaVu Serif", "Bitstream Vera Sans", ""})
QT_OPTIONS = ("-style", "fusion")
"""For whoever makes the QApplication: asking it later for its style makes all of QStyle, a twentieth of a start."""
_TEXT_PIXELS = 15
"""Readable at arm's length at a bench (about 11 points); the narrow bundled font is drawn at the same size."""


class Theme(QObject):
    """The look of the running application; painted widgets ask ``colours`` and repaint on ``changed``."""

    changed = Signal()

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self.setObjectName("theme")
        self.colours: Colours = LIGHT
        self.sheet = ""
        self.shows: tuple[bool, float] | None = None
        """Whether it is dark, and the scale of its text, once it was applied."""
        self._application = application
        self._family = _family()

    def apply(self, dark: bool, scale: float = 1.0) -> None:
        """Show everything light or dark, with text at ``scale`` (1.0 is the usual size)."""
        self.colours, self.shows = DARK if dark else LIGHT, (dark, scale)
        application = self._application
        font = QFont(self._family)
        font.setPixelSize(round(_TEXT_PIXELS * scale))
        application.setFont(font)
        application.setPalette(_palette(self.colours))
        self.sheet = _stylesheet(self.colours, scale)
        for window in application.topLevelWidgets():
            if window.styleSheet():
                window.setStyleSheet(self.sheet)
        for widget in application.allWidgets():
            _tint(widget, self.colours)
        self.changed.emit()


def install(application: QApplication, dark: bool | None = None, scale: float = 1.0) -> Theme:
    """Give the application its look; ``dark=None`` follows the system."""
    theme = application.findChild(Theme, "theme") or Theme(application)
    wanted = (system_is_dark() if dark is None else dark, scale)
    if theme.shows != wanted:
        theme.apply(*wanted)
    return theme


def chosen(own: QSettings, setting: str) -> bool | None:
    """Whether to be dark: as somebody last chose at this computer, else as its settings say; None as the system."""
    if own.contains("dark"):
        return own.value("dark") in (True, "true")
    return {"dark": True, "light": False}.get(setting)


def dress(window: QWidget) -> None:
    """Give a window that has no parent the look, once it is built.

    Were the stylesheet the application's, Qt would style every part anew each time it is put into another one.
    """
    sheet = running().sheet
    if window.styleSheet() != sheet:
        window.setStyleSheet(sheet)


def running() -> Theme:
    """The look of the running application."""
    application = QApplication.instance()
    theme = application.findChild(Theme, "theme") if application else None
    if theme is None:
        raise RuntimeError("install() the theme before making widgets")
    return theme


def colours() -> Colours:
    """The colours shown now."""
    return running().colours


def system_is_dark() -> bool:
    """Whether the person's system prefers dark windows."""
    return bool(QGuiApplication.styleHints().colorScheme().name == "Dark")


def set_icon(widget: QWidget, name: str, tint: Tint = "text", size: int = 20) -> None:
    """Show an icon on a button or label in a colour of the theme; it changes with the theme."""
    for key, value in (("iconName", name), ("iconTint", tint), ("drawnSize", size)):
        widget.setProperty(key, value)
    _tint(widget, colours())


def _tint(widget: QWidget, shown: Colours) -> None:
    name = widget.property("iconName")
    if not name:
        return
    colour = getattr(shown, widget.property("iconTint"))
    size = int(widget.property("drawnSize"))
    if isinstance(widget, QAbstractButton):
        fine = any(screen.devicePixelRatio() > 1 for screen in QGuiApplication.screens())
        widget.setIcon(icons.icon(name, colour, fine=fine))
        widget.setIconSize(QSize(size, size))
    elif isinstance(widget, QLabel):
        widget.setPixmap(icons.pixmap(name, colour, size, widget.devicePixelRatioF()))


def _family() -> str:
    """The system's own interface font, or the bundled one where Linux has nothing better than DejaVu."""
    system = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    family = QFontInfo(system).family()
    if family not in _BARE_FONTS:
        return str(system.family())
    bundled = [_HOME / "fonts" / f"DejaVuSansCondensed{weight}.ttf" for weight in ("", "-Bold")]
    loaded = [QFontDatabase.addApplicationFont(str(file)) for file in bundled if file.exists()]
    known = [name for number in loaded if number >= 0 for name in QFontDatabase.applicationFontFamilies(number)]
    return next((name for name in known if name.endswith("Condensed")), family)


def _stylesheet(shown: Colours, scale: float) -> str:
    text = (_HOME / "stylesheets" / "desktop.qss").read_text(encoding="utf-8")
    values = {field.name: str(getattr(shown, field.name)) for field in fields(Colours)}
    sizes = {"small": 13, "normal": 15, "large": 18, "title": 21, "huge": 34}
    values |= {f"{name}_px": f"{round(pixels * scale)}px" for name, pixels in sizes.items()}
    values["images"] = (_HOME / "stylesheets").as_posix()
    values["check"] = "check-on-dark" if shown.dark else "check-on-light"
    return Template(text).substitute(values)


def _palette(shown: Colours) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for which, colour in (
        (role.Window, shown.window), (role.WindowText, shown.text), (role.Base, shown.surface),
        (role.AlternateBase, shown.raised), (role.Text, shown.text), (role.PlaceholderText, shown.faint),
        (role.Button, shown.surface), (role.ButtonText, shown.text), (role.BrightText, shown.on_accent),
        (role.Highlight, shown.selected), (role.HighlightedText, shown.selected_text), (role.Link, shown.accent),
        (role.LinkVisited, shown.accent), (role.ToolTipBase, shown.text), (role.ToolTipText, shown.surface),
        (role.Light, shown.surface), (role.Midlight, shown.raised), (role.Mid, shown.line),
        (role.Dark, shown.line_strong),
        (role.Shadow, shown.line_strong), (role.Accent, shown.accent),
    ):  # fmt: skip
        palette.setColor(which, QColor(colour))
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(shown.faint))
    return palette
