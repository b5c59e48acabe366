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


_SIGHT = {
    "red-green (protan)": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216),
                           (-0.003882, -0.048116, 1.051998)),
    "red-green (deutan)": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413),
                           (-0.011820, 0.042940, 0.968881)),
    "blue-yellow (tritan)": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602),
                             (0.004733, 0.691367, 0.303900)),
    "no colour at all": ((0.2126, 0.7152, 0.0722),) * 3,
}  # fmt: skip
"""How linear colours look to people without one sort of cones (Machado, Oliveira, Fernandes 2009), and in gray."""


@pytest.mark.parametrize("sight", _SIGHT)
@pytest.mark.parametrize("shown", [LIGHT, DARK], ids=["light", "dark"])
def test_bars_stand_out_for_whoever_sees_colours_otherwise(shown: Colours, sight: str) -> None:
    """Every bar is named and has its figure beside it; it must also be seen (WCAG 2.2, 1.4.11: 3 to 1)."""

    def seen(colour: str) -> float:
        linear = [channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
                  for channel in (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))]  # fmt: skip
        red, green, blue = (
            min(1.0, max(0.0, sum(part * value for part, value in zip(row, linear, strict=True))))
            for row in _SIGHT[sight]
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for tone in Tone:
        lights = sorted((seen(shown.of(tone)[0]), seen(shown.surface)))
        assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 3, (tone, sight)
