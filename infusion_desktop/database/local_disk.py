"""Whether a database file would lie on a network drive, where SQLite's locks cannot be relied on (RELIABILITY G1)."""

import sys
from pathlib import Path, PurePosixPath

from infusion_desktop.errors import Refused

OVER_THE_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ncpfs", "ceph", "davfs", "fuse.sshfs", "fuse.davfs", "fuse.rclone"}
)
"""File systems of other machines, as Linux names them."""


def refuse_network_drive(file: Path) -> None:
    """Refused when the file's folder belongs to another machine; where that cannot be told it is taken as local."""
    if str(file).startswith((r"\\", "//")) or _is_remote(file):
        raise Refused(
            "The database file lies on a network drive, where two programs can damage it. Choose a folder on this "
            "computer's own disk; several workstations share a PostgreSQL server instead."
        )


def file_system_of(folder: PurePosixPath, mounts: str) -> str:
    """The kind of file system a folder lies on, by the text of /proc/mounts; "" when no line fits."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        parts = line.split(" ")
        if len(parts) < 3:
            continue
        at = PurePosixPath(parts[1].replace("\\040", " "))
        if (folder == at or at in folder.parents) and len(at.parts) >= best:
            best, kind = len(at.parts), parts[2]
    return kind


def _is_remote(file: Path) -> bool:
    if sys.platform == "win32":
        import ctypes

        return ctypes.windll.kernel32.GetDriveTypeW(file.absolute().anchor) == 4  # DRIVE_REMOTE
    mounts = Path("/proc/mounts")
    try:
        text = mounts.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return file_system_of(PurePosixPath(file.absolute().parent.resolve()), text) in OVER_THE_NETWORK
