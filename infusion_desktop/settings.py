"""The few settings a machine needs, read once from one TOML file; everything else about a pharmacy is data."""

import os
from dataclasses import dataclass, fields
from pathlib import Path

from infusion_desktop.errors import Refused

APPLICATION = "infusion-desktop"
BIGGEST_FILE = 100_000
LONGEST = 4_000
_BETWEEN = {"lock_after_minutes": (1, 15), "scanner_gap_ms": (5, 1_000)}
"""The least and the most of whole numbers (the screen covers itself within 15 minutes: RELIABILITY C3)."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are on this machine.

    ``database`` is a path to a SQLite file or a `postgresql://` address. ``scanner_*`` fit a scanner that types
    differently from most: the character it sends for FNC1, a prefix it sends first, and the longest pause in ms.
    """

    database: str
    backups: Path
    logs: Path
    file: Path
    workstation: str = ""
    theme: str = "system"
    lock_after_minutes: int = 5
    scanner_separator: str = "\x1d"
    scanner_prefix: str = ""
    scanner_gap_ms: int = 35


def data_folder() -> Path:
    """The user's folder for this program's data; INFUSION_DESKTOP_HOME moves all of it, for tests and trials."""
    if chosen := os.environ.get("INFUSION_DESKTOP_HOME"):
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_data_dir(APPLICATION, appauthor=False))


def load_settings(file: Path | None = None) -> Settings:
    """The settings in ``file`` (by default settings.toml in the data folder, where none is needed).

    Refused naming file and key when a key is unknown or its value has another type than it should.
    """
    folder = data_folder()
    place = file or folder / "settings.toml"
    values: dict[str, object] = {
        "database": str(folder / "pharmacy.db"),
        "backups": folder / "backups",
        "logs": folder / "logs",
        "file": place,
    }
    if place.exists():
        values |= _read(place)
    elif file is not None:
        raise Refused(f"There is no settings file {file}. Check the path.")
    return Settings(**values)  # type: ignore[arg-type]


def _read(place: Path) -> dict[str, object]:
    import tomllib

    try:
        if place.stat().st_size > BIGGEST_FILE:
            raise Refused(f"The settings file {place} has more than {BIGGEST_FILE // 1000} kB. Mend or remove it.")
        written = tomllib.loads(place.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:  # Also a number of thousands of digits, a thousand brackets.
        raise Refused(
            f"The settings file {place} cannot be read: {type(error).__name__}. Mend or remove it."
        ) from error
    kinds = {field.name: field.type for field in fields(Settings) if field.name != "file"}
    values: dict[str, object] = {}
    for key, value in written.items():
        kind = kinds.get(key)
        if kind is None:
            raise Refused(f"{place}: “{key[:40]}” is not a setting. Known are: {', '.join(sorted(kinds))}.")
        if kind is Path:
            if not isinstance(value, str):
                raise Refused(f"{place}: “{key}” must be a path in quotes.")
            values[key] = Path(value).expanduser()
        elif type(value) is not kind:
            raise Refused(f"{place}: “{key}” must be {'a whole number' if kind is int else 'a text in quotes'}.")
        elif key in _BETWEEN and not _BETWEEN[key][0] <= value <= _BETWEEN[key][1]:
            least, most = _BETWEEN[key]
            raise Refused(f"{place}: “{key}” is {str(value)[:20]}. It must be from {least} to {most}.")
        elif isinstance(value, str) and len(value) > LONGEST:
            raise Refused(f"{place}: “{key}” has {len(value)} characters. It may have {LONGEST}.")
        else:
            values[key] = value
    return values


def save_settings(settings: Settings, **changes: str | int | Path) -> None:
    """Write changed settings to their file, keeping the others; whole or not at all."""
    import tomllib

    from infusion_desktop.files import write_whole

    written: dict[str, object] = {}
    if settings.file.exists():
        written = tomllib.loads(settings.file.read_text(encoding="utf-8"))
    written |= changes
    lines = [f"{key} = {_toml(value)}\n" for key, value in sorted(written.items())]
    write_whole(settings.file, "".join(lines).encode())


def _toml(value: object) -> str:
    if isinstance(value, int):
        return str(value)
    import json

    return json.dumps(str(value))
