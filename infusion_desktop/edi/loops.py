"""A loop of segments, asked by name and qualifier: what every reader of X12 transactions stands on."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from infusion_desktop.edi.x12 import Segment, Transaction
from infusion_desktop.errors import Refused


class Loop:
    """The segments of one loop, asked by tag and qualifier."""

    __slots__ = ("_by_tag", "head", "segments")

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.segments = segments
        self.head = segments[0]
        self._by_tag: dict[str, list[Segment]] = {}
        for segment in segments:
            self._by_tag.setdefault(segment.tag, []).append(segment)

    def all(self, tag: str, *qualifiers: str) -> list[Segment]:
        """Every segment of this name, whose first element is one of the qualifiers when some are given."""
        found = self._by_tag.get(tag, [])
        return [segment for segment in found if segment[1] in qualifiers] if qualifiers and found else found

    def first(self, tag: str, *qualifiers: str) -> Segment | None:
        """The first such segment, None when there is none."""
        for segment in self._by_tag.get(tag, ()):
            if not qualifiers or segment[1] in qualifiers:
                return segment
        return None

    def required(self, tag: str, *qualifiers: str) -> Segment:
        """The first such segment, or Refused naming the loop that lacks it."""
        if found := self.first(tag, *qualifiers):
            return found
        wanted = "*".join((tag, *qualifiers[:1]))
        raise Refused(
            f"{self.head.kind} file, segment {self.head.number} ({self.head.tag}): {wanted} is missing in its loop. "
            f"Expected {wanted} after segment {self.head.number}."
        )

    def text(self, tag: str, qualifier: str) -> str:
        """The second element of the first such segment, "" when there is none."""
        found = self.first(tag, qualifier)
        return found[2] if found else ""

    def amount(self, qualifier: str) -> Decimal | None:
        """The amount of an AMT, None when there is none."""
        found = self.first("AMT", qualifier)
        return found.amount(2) if found else None

    def day(self, qualifier: str) -> date | None:
        """The day of a DTP, None when there is none."""
        found = self.first("DTP", qualifier)
        return found.day(3) if found else None

    def split(self, *tags: str) -> list["Loop"]:
        """The loop cut before each segment of these names; what stands before the first is left out."""
        if not any(tag in self._by_tag for tag in tags):
            return []
        starts = [at for at, segment in enumerate(self.segments) if segment.tag in tags]
        ends = [*starts[1:], len(self.segments)][: len(starts)]
        return [Loop(self.segments[start:end]) for start, end in zip(starts, ends, strict=True)]

    def until(self, *tags: str) -> "Loop":
        """The loop before the first segment of these names; the whole loop when there is none."""
        end = next((at for at, segment in enumerate(self.segments) if at and segment.tag in tags), None)
        return Loop(self.segments[:end])

    def named(self, *roles: str) -> "Loop":
        """The NM1 loop of one of these roles, up to the next NM1; Refused when it is not there."""
        if found := self.maybe(*roles):
            return found
        self.required("NM1", *roles)
        raise AssertionError

    def maybe(self, *roles: str) -> "Loop | None":
        """The NM1 loop of one of these roles, None when it is not there."""
        return next((loop for loop in self.split("NM1") if loop.head[1] in roles), None)


def whole_loop(found: Transaction, first: str) -> Loop:
    """All segments of a transaction, or Refused when it is empty, naming what should come first."""
    segments = list(found.segments)
    if not segments:
        raise found.header.misplaced(f"{first}, after it")
    return Loop(segments)
