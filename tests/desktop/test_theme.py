"""Both themes are readable, every icon can be drawn, and the look changes while the window is open."""

from dataclasses import fields

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from infusion_desktop.desktop import icons, theme
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import DARK, LIGHT, Colours, Tone


def _luminance(name: str) -> float:
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    colour = QColor(name)
    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF())


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("shown", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_stands_out_from_its_ground(shown: Colours) -> None:
    pairs = {
        ("text", "window"), ("text", "surface"), ("muted", "window"), ("muted", "surface"), ("on_accent", "accent"),
        ("accent", "surface"), ("accent", "accent_soft"), ("rail_text", "rail"), ("rail_active_text", "rail_active"),
        ("selected_text", "selected"), ("bad", "surface"), ("text", "bad_soft"), ("text", "warn_soft"),
    }  # fmt: skip
    pairs |= {(tone.name.lower(), f"{tone.name.lower()}_soft") for tone in Tone}
    weak = {pair: _contrast(getattr(shown, pair[0]), getattr(shown, pair[1])) for pair in pairs}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


def test_both_themes_name_every_colour() -> None:
    for field in fields(Colours):
        if field.name != "dark":
            assert QColor(getattr(LIGHT, field.name)).isValid()
            assert QColor(getattr(DARK, field.name)).isValid()


def test_every_tone_has_its_own_icon_beside_its_colour() -> None:
    drawn = set(icons.names())
    assert {tone.value for tone in Tone} <= drawn
    assert len({tone.value for tone in Tone}) == len(Tone)


def test_every_icon_draws_something_in_the_colour_asked_for(qapp: QApplication) -> None:
    for name in icons.names():
        image = icons.pixmap(name, "#ff0000", 24).toImage()
        inked = [image.pixelColor(x, y) for x in range(24) for y in range(24) if image.pixelColor(x, y).alpha() > 200]
        assert inked, name
        assert all(colour.red() > 200 and colour.green() < 40 for colour in inked), name


def test_a_button_changes_its_icon_with_the_theme(qtbot: QtBot, look: theme.Theme) -> None:
    made = button("Receive", icon="plus")
    qtbot.addWidget(made)
    before = made.icon().pixmap(20, 20).toImage()
    with qtbot.waitSignal(look.changed):
        look.apply(dark=True)
    assert made.icon().pixmap(20, 20).toImage() != before
    assert theme.colours() is DARK


def test_text_can_be_made_larger(qapp: QApplication, look: theme.Theme) -> None:
    look.apply(dark=False, scale=1.3)
    assert qapp.font().pixelSize() == 20
    look.apply(dark=False)
    assert qapp.font().pixelSize() == 15
