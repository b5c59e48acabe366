"""Files written whole or not at all, under names that no system refuses."""

import errno
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infusion_desktop.errors import Refused

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_NOT_STORABLE = re.compile(r"[\x00\ud800-\udfff]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\x00")
_PLAIN_NUMBER = re.compile(r"[-+]?\$?\d[\d,]*(\.\d+)?%?", re.ASCII)
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


def write_whole(file: Path, content: bytes) -> None:
    """Put the content in place of whatever was there: the old file or the new one, never half.

    Refused in a sentence when the folder is missing and cannot be made, or the disk is full.
    """
    with in_place_of(file) as unfinished:
        unfinished.write_bytes(content)


@contextmanager
def in_place_of(file: Path) -> Iterator[Path]:
    """The same for a file that is written part by part: the block fills an unfinished one, which takes its place then.

    Whatever lies beside the unfinished one goes with it: it has a folder of its own.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(".part", ".", file.parent, ignore_cleanup_errors=True) as folder:
            unfinished = Path(folder) / "unfinished"
            unfinished.touch(0o600)
            yield unfinished
            with unfinished.open("rb+") as written:
                os.fsync(written.fileno())
            unfinished.replace(file)
    except OSError as error:
        raise Refused(f"{file} could not be written: {_why(error)}") from error


def _why(error: OSError) -> str:
    """What stood in the way, and the way out."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT if hasattr(errno, "EDQUOT") else errno.ENOSPC):
        return "the disk is full. Free some space, or choose another folder."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.ETXTBSY):
        return "it may not be written there, or it is open in another program. Close it, or choose another folder."
    return f"{error.strerror or 'the disk refused'}. Choose another folder or free some space."


def read_part(file: Path, most: int) -> bytes:
    """A file's content; of a larger one only so much that its reader sees that it is too large."""
    with file.open("rb") as opened:
        return opened.read(most + 1)


def safe_name(text: str) -> str:
    """A file name from ids and dates: letters, digits, dot, hyphen and underscore, at most 100 characters."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip(".-")[:100] or "file"
    return f"_{plain}" if _RESERVED.fullmatch(plain) else plain


def harmless(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula: an apostrophe goes before = + - @ and controls."""
    plain = without_controls(text)
    is_formula = (text.startswith(_FORMULA) or plain.startswith(_FORMULA)) and not _PLAIN_NUMBER.fullmatch(plain)
    return f"'{plain}" if is_formula else plain


def storable(text: str) -> str:
    """The text without what no database stores: NUL, and halves of characters that were pasted."""
    return _NOT_STORABLE.sub("", text)


def without_controls(text: str) -> str:
    """The text without characters that no file of a spreadsheet may hold."""
    return _CONTROLS.sub("", text)
