"""The light and the dark colours, and the tones in which the pharmacy speaks."""

from dataclasses import dataclass
from enum import Enum


class Tone(Enum):
    """How something stands. The value is the icon that always goes with the colour."""

    NEUTRAL = "dot"
    INFO = "info"
    GOOD = "check-circle"
    WARN = "warning"
    BAD = "cross-circle"


@dataclass(frozen=True, slots=True)
class Colours:
    """One theme. Text on its ground has a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3); a test measures it."""

    dark: bool
    window: str
    surface: str
    raised: str
    line: str
    line_strong: str
    text: str
    muted: str
    faint: str
    accent: str
    accent_hover: str
    on_accent: str
    accent_soft: str
    rail: str
    rail_text: str
    rail_active: str
    rail_active_text: str
    rail_accent: str
    selected: str
    selected_text: str
    neutral: str
    neutral_soft: str
    info: str
    info_soft: str
    good: str
    good_soft: str
    warn: str
    warn_soft: str
    bad: str
    bad_soft: str

    def of(self, tone: Tone) -> tuple[str, str]:
        """The text colour and the ground of a tone."""
        name = tone.name.lower()
        return getattr(self, name), getattr(self, f"{name}_soft")


LIGHT = Colours(
    dark=False,
    window="#f3f5f7",
    surface="#ffffff",
    raised="#f8fafb",
    line="#e1e6eb",
    line_strong="#c3ccd5",
    text="#17222d",
    muted="#556372",
    faint="#6f7d8b",
    accent="#0b6e6e",
    accent_hover="#095a5b",
    on_accent="#ffffff",
    accent_soft="#e0f0ef",
    rail="#10262e",
    rail_text="#b9c9cf",
    rail_active="#1d3d47",
    rail_active_text="#ffffff",
    rail_accent="#4fd1c3",
    selected="#d9eeec",
    selected_text="#10302f",
    neutral="#475563",
    neutral_soft="#e9edf1",
    info="#1a56a6",
    info_soft="#e3edfa",
    good="#17693a",
    good_soft="#dff3e6",
    warn="#8a4b00",
    warn_soft="#fdefd3",
    bad="#b3261e",
    bad_soft="#fce5e3",
)
DARK = Colours(
    dark=True,
    window="#11181e",
    surface="#18212a",
    raised="#1e2933",
    line="#2a3742",
    line_strong="#415160",
    text="#e6edf2",
    muted="#a3b3c0",
    faint="#8496a4",
    accent="#46c2b4",
    accent_hover="#66d3c6",
    on_accent="#06211f",
    accent_soft="#17393a",
    rail="#0c1216",
    rail_text="#a0b2bc",
    rail_active="#1a2a33",
    rail_active_text="#ffffff",
    rail_accent="#4fd1c3",
    selected="#1d4547",
    selected_text="#eafaf8",
    neutral="#b8c5cf",
    neutral_soft="#2a3742",
    info="#8dbcf5",
    info_soft="#1a2f4b",
    good="#74d79b",
    good_soft="#173726",
    warn="#f2bd66",
    warn_soft="#3e2f14",
    bad="#ff9d94",
    bad_soft="#47211f",
)
