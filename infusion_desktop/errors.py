"""How the pharmacy says no, and how it says "are you sure"."""

from collections.abc import Iterable


class Refused(Exception):
    """The pharmacy says no: one sentence that names the thing and the way out.

    ``reasons`` holds every reason found, so that a screen can show them together. Nothing was changed. The text may be
    shown to people; it must not be logged, because it may name a patient.
    """

    def __init__(self, *reasons: str) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


class NotAllowed(Refused):
    """The person's roles do not include this deed."""


class Stale(Refused):
    """Somebody else changed the record since it was read; nothing was overwritten."""


def refuse_if_changed(what: str, was: object, now: object) -> None:
    """Stale when a value is not the one that was shown while another was typed over it."""
    if was != now:
        raise Stale(f"Somebody else changed {what} meanwhile. Look at it again before you save.")


class Kept(Refused):
    """A deed whose end nobody heard had been kept; it is not done a second time."""

    def __init__(self) -> None:
        super().__init__("This was saved before the server went away. Look at it; it is not saved a second time.")


class Warned(Exception):
    """The pharmacy asks "are you sure": the deed may be repeated with ``override`` naming why.

    ``warnings`` holds every sentence. Nothing was changed.
    """

    def __init__(self, *warnings: str) -> None:
        super().__init__(" ".join(warnings))
        self.warnings = warnings


class AsksWhy(Warned):
    """It goes on as soon as somebody says why; ``usual`` are the answers that most people would give."""

    def __init__(self, *warnings: str, usual: tuple[str, ...] = ()) -> None:
        super().__init__(*warnings)
        self.usual = usual


def refuse_if(reasons: Iterable[str]) -> None:
    """Raise Refused with all reasons when there is at least one."""
    found = tuple(reasons)
    if found:
        raise Refused(*found)


def warn_unless(override: str, warnings: Iterable[str]) -> None:
    """Raise Warned with all warnings, unless a person gave a reason to go on."""
    found = tuple(warnings)
    if found and not override.strip():
        raise Warned(*found)
