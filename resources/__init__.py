"""Shipped files: icons, stylesheets, fonts, code tables, starter kit templates, the demonstration pharmacy."""

from importlib.resources import as_file, files
from pathlib import Path, PurePosixPath


def read(name: str) -> bytes:
    """The bytes of a shipped file, named from this folder: "fonts/DejaVuSansMono.ttf"."""
    return files(__name__).joinpath(*_parts(name)).read_bytes()


def read_text(name: str) -> str:
    """A shipped UTF-8 text file, named from this folder."""
    return read(name).decode("utf-8")


def path(name: str) -> Path:
    """Where a shipped file or folder lies on disk, for a library that opens it itself; FileNotFoundError if missing."""
    with as_file(files(__name__).joinpath(*_parts(name))) as found:
        if not found.exists():
            raise FileNotFoundError(name)
    return found


def _parts(name: str) -> tuple[str, ...]:
    """The folders and the file of a name, which may not lead out of this package."""
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts or "\\" in name:
        raise ValueError(f"not a shipped file: {name[:60]}")
    return relative.parts
