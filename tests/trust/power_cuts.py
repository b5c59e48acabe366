"""A power cut, played on what a program asked of the disk: the synced stays, of the rest any part (RELIABILITY A2).

A program runs once under strace, which writes down every write, sync, truncation, making and removing of a file. A cut
is a place in that record. What a file held at its last sync before the cut is on the disk; of what came after, each
part of 512 bytes is there or not, as chance has it; a name is there or gone for certain once its folder was synced.
"""

import random
import re
import subprocess
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
CALLS = "openat,write,pwrite64,pwritev,ftruncate,truncate,fsync,fdatasync,unlink,unlinkat,rename,renameat,renameat2"
_HEX = re.compile(r"\\x([0-9a-f]{2})")
_CALL = re.compile(r"^\d+\s+(\w+)\((.*)\)\s+= (\d+)")
_WRITE = re.compile(r'^(\d+)<([^>]*)>, "([^"]*)"(?:\.\.\.)?, (\d+)(?:, (\d+))?$')
_ON = re.compile(r"^\d+<([^>]*)>(?:, (\d+))?$")
_OPENED = re.compile(r'"([^"]*)", (\S+?)(?:, \d+)?$')


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing asked of the disk: ``what`` is write, size, sync, make, remove or said (the program told it)."""

    what: str
    file: str
    data: bytes = b""
    at: int = 0


@dataclass(slots=True)
class _File:
    kept: bytearray = field(default_factory=bytearray)
    waiting: list[Asked] = field(default_factory=list)


def recorded(command: list[str], folder: Path, log: Path) -> list[Asked]:
    """Run a program under strace and return what it asked of the disk in ``folder``, and what it said, in order."""
    traced = ["strace", "-f", "-y", "-xx", "-s", "1000000", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", str(log)]
    subprocess.run([*traced, *command], check=True, capture_output=True, timeout=600)
    asked: list[Asked] = []
    started: dict[str, str] = {}
    with log.open(encoding="ascii") as lines:
        for line in lines:
            whole = _whole(line.rstrip("\n"), started)
            asked += _read(whole, str(folder)) if whole else []
    log.unlink()
    return asked


def _whole(line: str, started: dict[str, str]) -> str:
    """The line of a call; one that another thread broke in two is given when its second half comes."""
    who = line.partition(" ")[0]
    if line.endswith("<unfinished ...>"):
        started[who] = line.removesuffix("<unfinished ...>").rstrip()
        return ""
    if " resumed>" in line:
        return started.pop(who, "") + line.partition(" resumed>")[2]
    return line


def _read(line: str, folder: str) -> list[Asked]:
    call = _CALL.match(line)
    if call is None:
        return []
    name, arguments = call[1], call[2]
    if name in ("write", "pwrite64"):
        found = _WRITE.match(arguments)
        assert found is not None, "a write that the record cut off"
        file, data = _text(found[2]), _bytes(found[3])
        if found[1] == "1" and name == "write":
            return [Asked("said", "", data)]
        assert name == "pwrite64" or not file.startswith(folder), "the database writes with an offset"
        return [Asked("write", file, data, int(found[5]))] if file.startswith(folder) else []
    if name == "openat":
        found = _OPENED.search(arguments)
        file = _text(found[1]) if found else ""
        return [Asked("make", file)] if found and "O_CREAT" in found[2] and file.startswith(folder) else []
    if name in ("unlink", "unlinkat"):
        file = _text(arguments.split('"')[1])
        return [Asked("remove", file)] if file.startswith(folder) else []
    found = _ON.match(arguments)
    if found is None or not _text(found[1]).startswith(folder):
        assert folder not in _text(arguments), f"{name} is not played"
        return []
    return [Asked("size" if name == "ftruncate" else "sync", _text(found[1]), at=int(found[2] or 0))]


def _bytes(hexed: str) -> bytes:
    return bytes.fromhex(hexed.replace("\\x", ""))


def _text(hexed: str) -> str:
    return _HEX.sub(lambda found: chr(int(found[1], 16)), hexed)


def after_the_cut(asked: list[Asked], before: dict[str, bytes], folder: str, chance: random.Random) -> dict[str, bytes]:
    """What lies in ``folder`` when the power went after these; ``before`` is what lay there at the beginning."""
    files: dict[str, _File] = defaultdict(_File, {name: _File(bytearray(data)) for name, data in before.items()})
    sure = set(before)
    unsure: list[Asked] = []
    for each in asked:
        if each.what == "sync" and each.file == folder:
            sure = _names(sure, unsure)
            unsure = []
        elif each.what == "sync":
            for waiting in files[each.file].waiting:
                _do(files[each.file].kept, waiting)
            files[each.file].waiting.clear()
        elif each.what in ("make", "remove"):
            unsure.append(each)
            if each.what == "remove":
                files.pop(each.file, None)
        elif each.what != "said":
            files[each.file].waiting.append(each)
    names = _names(sure, [each for each in unsure if chance.random() < 0.5])
    for each in files.values():
        for waiting in each.waiting:
            _perhaps(each.kept, waiting, chance)
    return {name: bytes(files[name].kept) for name in names if name in files}


def _names(sure: set[str], done: list[Asked]) -> set[str]:
    names = set(sure)
    for each in done:
        (names.add if each.what == "make" else names.discard)(each.file)
    return names


def _do(kept: bytearray, each: Asked) -> None:
    if each.what == "size":
        del kept[each.at :]
        kept.extend(bytes(each.at - len(kept)))
    else:
        kept.extend(bytes(max(0, each.at - len(kept))))
        kept[each.at : each.at + len(each.data)] = each.data


def _perhaps(kept: bytearray, each: Asked, chance: random.Random) -> None:
    """As chance has it: all of it, nothing, or each part of 512 bytes for itself."""
    luck = chance.random()
    if luck < 0.25:
        return
    if luck < 0.5 or each.what == "size":
        _do(kept, each)
        return
    for start in range(0, len(each.data), SECTOR):
        if chance.random() < 0.5:
            _do(kept, Asked("write", each.file, each.data[start : start + SECTOR], each.at + start))
