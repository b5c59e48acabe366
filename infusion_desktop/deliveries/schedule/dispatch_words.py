"""The words of the day outside the kit: papers, attachments, ids of drivers, repeats, waves and batches."""

from enum import StrEnum
from typing import NewType

DriverId = NewType("DriverId", int)
RepeatId = NewType("RepeatId", int)
WaveId = NewType("WaveId", int)
BatchId = NewType("BatchId", int)


class PaperKind(StrEnum):
    """What can be printed; also the order within a batch."""

    ROUTE_SHEET = "route sheet"
    PICK_LIST = "pick list"
    WAVE_LIST = "wave pick list"
    TEACHING_LIST = "teaching sheet list"
    MANIFEST = "manifest"
    PICK_UP_TICKET = "pick-up ticket"
    TOTE_LABEL = "tote label"

    @property
    def is_label(self) -> bool:
        """Printed on label paper, so never in one file with letters."""
        return self is PaperKind.TOTE_LABEL


class AttachmentKind(StrEnum):
    """What came back from the door."""

    SIGNED_SHEET = "signed sheet"
    PHOTO = "photo"
