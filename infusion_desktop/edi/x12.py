"""X12 text in: delimiters from the ISA's fixed positions, numbered segments, envelopes whose counts are checked.

Source: the envelope's control segments (X12.5) as public companion guides describe them. Reading is strict about
structure and tolerant about layout: byte order mark, CR, LF and indents between segments, several interchanges, any
delimiters, 4010 or 5010.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from sys import intern

from infusion_desktop.errors import Refused
from infusion_desktop.money import to_cents

FILE_LIMIT = 20 * 1024 * 1024
SEGMENT_LIMIT = 4_000
ISA_LENGTH = 106
_ISA_SEPARATORS = (3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103)
_BETWEEN = " \t\r\n\ufeff"
_TAG = re.compile(r"[A-Z][A-Z0-9]{1,2}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ufffd]")
_NUMBER = re.compile(r"-?(\d{1,12}(\.\d{0,4})?|\.\d{1,4})", re.ASCII)
_GROUP_OF = {"837": "HC", "835": "HP", "999": "FA", "997": "FA", "277": "HN"}


def shorten(text: str) -> str:
    """A value as an error message may show it: printable and at most 30 characters."""
    plain = "".join(letter if letter.isprintable() else "·" for letter in text[:60])
    return plain if len(text) <= 30 else plain[:29] + "…"


@lru_cache(maxsize=8192)
def _read_number(value: str) -> Decimal | None:
    return Decimal(value) if _NUMBER.fullmatch(value) else None


@lru_cache(maxsize=8192)
def _read_amount(value: str) -> Decimal | None:
    number = _read_number(value)
    cents = None if number is None else to_cents(number)
    return cents if cents == number else None


@lru_cache(maxsize=1024)
def _read_day(value: str) -> date | None:
    if not re.fullmatch(r"\d{8}", value, re.ASCII):
        return None
    try:
        return date(int(value[:4]), int(value[4:6]), int(value[6:]))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Delimiters:
    """What separates elements, components, repetitions ("" in 4010) and ends segments."""

    element: str = "*"
    component: str = ":"
    repetition: str = "^"
    segment: str = "~"


class Segment:
    """One numbered segment; ``segment[2]`` is its second element, "" when it is not there.

    Cuts its text when first asked: most segments of a large file are never looked into.
    """

    __slots__ = ("_elements", "_text", "delimiters", "kind", "number", "tag")

    def __init__(self, number: int, text: str, delimiters: Delimiters, kind: str) -> None:
        self.number = number
        self.tag = intern(text.partition(delimiters.element)[0])
        self.delimiters = delimiters
        self.kind = kind
        self._text = text
        self._elements: list[str] | None = None

    def __len__(self) -> int:
        """How many elements follow the tag."""
        return self._text.count(self.delimiters.element)

    def __getitem__(self, element: int) -> str:
        elements = self._elements
        if elements is None:
            elements = self._elements = self._text.split(self.delimiters.element)
        return elements[element].strip() if element < len(elements) else ""

    @property
    def component(self) -> str:
        """The component separator of its interchange."""
        return self.delimiters.component

    def parts(self, element: int) -> list[str]:
        """The components of an element; one empty component when it is not there."""
        return [part.strip() for part in self[element].split(self.delimiters.component)]

    def refusal(self, element: int, expected: str, component: int = 0) -> Refused:
        """The sentence that names kind of file, segment, element, value and what is expected."""
        value = self.parts(element)[component - 1 : component] if component else [self[element]]
        place = f"{self.tag}{element:02d}" + (f"-{component}" if component else "")
        found = f"is “{shorten(value[0])}”" if value and value[0] else "is missing"
        return Refused(f"{self.kind} file, segment {self.number}, element {place} {found}. Expected {expected}.")

    def misplaced(self, expected: str) -> Refused:
        """The sentence that this segment is not what belongs here."""
        return Refused(f"{self.kind} file, segment {self.number}: {shorten(self.tag)} found. Expected {expected}.")

    def required(self, element: int, expected: str) -> str:
        """The element's text, or Refused when it is empty."""
        if value := self[element]:
            return value
        raise self.refusal(element, expected)

    def number_at(self, element: int) -> Decimal | None:
        """A decimal number, None when the element is empty, Refused when it is something else."""
        return self._decimal(self[element], element) if self[element] else None

    def quantity(self, element: int) -> Decimal:
        """A decimal number, or Refused."""
        found = self.number_at(element)
        if found is None:
            raise self.refusal(element, "a quantity such as 7")
        return found

    def _decimal(self, value: str, element: int) -> Decimal:
        if (number := _read_number(value)) is None:
            raise self.refusal(element, "a number such as 1950.5")
        return number

    def optional_amount(self, element: int) -> Decimal | None:
        """Dollars and cents, None when the element is empty."""
        if not (value := self[element]):
            return None
        if (amount := _read_amount(value)) is not None:
            return amount
        self._decimal(value, element)
        raise self.refusal(element, "an amount with at most two decimals")

    def amount(self, element: int) -> Decimal:
        """Dollars and cents, or Refused."""
        found = self.optional_amount(element)
        if found is None:
            raise self.refusal(element, "an amount such as 1950.5")
        return found

    def whole(self, element: int) -> int:
        """A whole number of at most nine digits, or Refused."""
        if not re.fullmatch(r"\d{1,9}", self[element], re.ASCII):
            raise self.refusal(element, "a whole number")
        return int(self[element])

    def optional_day(self, element: int) -> date | None:
        """A day written CCYYMMDD, None when the element is empty."""
        return self._day(self[element], element) if self[element] else None

    def day(self, element: int) -> date:
        """A day written CCYYMMDD, or Refused."""
        return self._day(self[element], element)

    def span(self, element: int) -> tuple[date, date]:
        """A day or two days joined by a hyphen (D8 or RD8), first and last."""
        first, _, last = self[element].partition("-")
        days = self._day(first, element), self._day(last or first, element)
        if days[1] < days[0]:
            raise self.refusal(element, "a period that ends after it begins")
        return days

    def _day(self, value: str, element: int) -> date:
        if (day := _read_day(value)) is None:
            raise self.refusal(element, "a day of the calendar as CCYYMMDD")
        return day


@dataclass(frozen=True, slots=True)
class Transaction:
    """One ST..SE with the envelope around it, or one TA1 (then ``kind`` is "TA1" and only ``isa`` is around it).

    ``segments`` stand between ST and SE; reading them to the end checks SE.
    """

    kind: str
    isa: Segment
    group: Segment
    header: Segment
    segments: Iterator[Segment]

    @property
    def control(self) -> str:
        """ST02."""
        return self.header[2]

    @property
    def is_test(self) -> bool:
        """Whether ISA15 says that nothing here is real."""
        return self.isa[15] == "T"


def decode(data: str | bytes, kind: str) -> str:
    """The text of a file; Refused when it is too large, or no text."""
    if len(data) > FILE_LIMIT:
        raise Refused(f"{kind} file, segment 1: the file is larger than 20 MB. Expected a smaller file; split it.")
    if isinstance(data, str):
        return data.lstrip(_BETWEEN)
    try:
        return data.decode("utf-8-sig").lstrip(_BETWEEN)
    except UnicodeDecodeError:
        return data.decode("latin-1").lstrip(_BETWEEN)


def read_delimiters(isa: str, number: int, kind: str) -> Delimiters:
    """The delimiters that an ISA of 106 characters announces by position."""
    where = f"{kind} file, segment {number}"
    if not isa.startswith("ISA"):
        raise Refused(f"{where}: “{shorten(isa)}” found. Expected ISA, the first segment of every X12 file.")
    if len(isa) < ISA_LENGTH:
        raise Refused(f"{where}: the ISA is cut short. Expected its 106 characters.")
    element, component, terminator = isa[3], isa[104], isa[105]
    if any(isa[place] != element for place in _ISA_SEPARATORS) or isa.count(element, 0, ISA_LENGTH) != 16:
        raise Refused(f"{where}: the ISA's elements are not at their fixed places. Expected 106 characters, padded.")
    repetition = "" if isa[82].isalnum() or isa[82] == " " else isa[82]
    found = Delimiters(element, component, repetition, terminator)
    used = [letter for letter in (element, component, repetition, terminator) if letter]
    if len(set(used)) != len(used) or any(letter.isalnum() or letter == " " for letter in used):
        raise Refused(f"{where}: the ISA's delimiters are the same or are letters. Expected four different marks.")
    return found


def read_segments(text: str, kind: str) -> Iterator[Segment]:
    """Each segment of the file, numbered from 1; the delimiters are read anew from each ISA."""
    place, number, delimiters = 0, 1, read_delimiters(text[:ISA_LENGTH], 1, kind)
    while place < len(text):
        if text.startswith("ISA", place):
            delimiters = read_delimiters(text[place : place + ISA_LENGTH], number, kind)
            end = place + ISA_LENGTH - 1
        else:
            end = text.find(delimiters.segment, place, place + SEGMENT_LIMIT + 1)
            if end < 0:
                raise _no_end(text, place, number, kind)
        yield _one_segment(text[place:end], number, delimiters, kind)
        number += 1
        place = end + 1
        while place < len(text) and text[place] in _BETWEEN:
            place += 1


def _no_end(text: str, place: int, number: int, kind: str) -> Refused:
    where = f"{kind} file, segment {number}"
    if len(text) - place > SEGMENT_LIMIT:
        return Refused(f"{where} is longer than {SEGMENT_LIMIT} characters. Expected its terminator before that.")
    return Refused(f"{where} has no terminator: the file is cut short. Expected it to end with IEA.")


def _one_segment(raw: str, number: int, delimiters: Delimiters, kind: str) -> Segment:
    found = Segment(number, raw, delimiters, kind)
    if not _TAG.fullmatch(found.tag):
        raise Refused(f"{kind} file, segment {number}: “{shorten(found.tag)}” found. Expected a segment's name.")
    if not raw.isprintable() and _marks(raw) - {delimiters.element, delimiters.component, delimiters.repetition}:
        raise Refused(f"{kind} file, segment {number}: a control character found. Expected text only.")
    return found


def _marks(raw: str) -> set[str]:
    return set(_CONTROL.findall(raw))


class _Envelopes:
    """Follows ISA, GS, ST, SE, GE and IEA through a file and checks their numbers and counts."""

    def __init__(self, text: str, kind: str, wrong_counts: list[str] | None) -> None:
        self._segments = read_segments(text, kind)
        self._kind = kind
        self._wrong_counts = wrong_counts
        self._last = 0

    def interchanges(self) -> Iterator[Transaction]:
        for isa in self._segments:
            if isa.tag != "ISA":
                raise isa.misplaced("ISA, the start of an interchange")
            yield from self._interchange(isa)

    def _next(self, expected: str) -> Segment:
        found = next(self._segments, None)
        if found is None:
            raise Refused(f"{self._kind} file, segment {self._last + 1}: the file is cut short. Expected {expected}.")
        self._last = found.number
        return found

    def _interchange(self, isa: Segment) -> Iterator[Transaction]:
        groups = 0
        while (found := self._next("GS, TA1 or IEA")).tag != "IEA":
            if found.tag == "TA1":
                yield Transaction("TA1", isa, isa, found, iter([found]))
                continue
            if found.tag != "GS":
                raise found.misplaced("GS, TA1 or IEA")
            groups += 1
            yield from self._group(isa, found)
        self._count(found, groups, "groups")
        self._same_number(found, isa[13], "ISA13")

    def _group(self, isa: Segment, group: Segment) -> Iterator[Transaction]:
        sets = 0
        while (found := self._next("ST or GE")).tag != "GE":
            if found.tag != "ST":
                raise found.misplaced("ST or GE")
            sets += 1
            one = self._transaction(isa, group, found)
            yield one
            for _ in one.segments:  # a reader that left early must not leave the rest unread
                pass
        self._count(found, sets, "transactions")
        self._same_number(found, group[6], "GS06")

    def _transaction(self, isa: Segment, group: Segment, header: Segment) -> Transaction:
        kind = header.required(1, "the kind of transaction, such as 835")
        if kind in _GROUP_OF and group[1] != _GROUP_OF[kind]:
            raise group.refusal(1, f"{_GROUP_OF[kind]}, because the group holds {kind}")
        return Transaction(kind, isa, group, header, self._body(header))

    def _body(self, header: Segment) -> Iterator[Segment]:
        counted = 2
        while (found := self._next("SE")).tag != "SE":
            if found.tag in ("ISA", "GS", "ST", "GE", "IEA"):
                raise found.misplaced("SE, the end of the transaction")
            counted += 1
            yield found
        self._count(found, counted, "segments")
        self._same_number(found, header[2], "ST02")

    def _count(self, trailer: Segment, counted: int, what: str) -> None:
        if trailer.whole(1) == counted:
            return
        refusal = trailer.refusal(1, f"{counted}, the number of {what} found")
        if self._wrong_counts is None:
            raise refusal
        self._wrong_counts.append(str(refusal))

    def _same_number(self, trailer: Segment, opened_with: str, where: str) -> None:
        if trailer[2] != opened_with and trailer[2].lstrip("0") != opened_with.lstrip("0"):
            raise trailer.refusal(2, f"“{shorten(opened_with)}”, the control number of {where}")


def read_transactions(data: str | bytes, kind: str, wrong_counts: list[str] | None = None) -> Iterator[Transaction]:
    """Each transaction of a file, one after the other, so that a large file is never whole in memory as segments.

    Raises Refused at the first segment that is wrong: callers must have read to the end before they use anything. A
    wrong SE01, GE01 or IEA01 is refused too, unless ``wrong_counts`` is given to collect the sentences: some payers
    send them, and a person decides.
    """
    return _Envelopes(decode(data, kind), kind, wrong_counts).interchanges()


def kinds_in(data: str | bytes) -> tuple[str, ...]:
    """Which kinds of transaction a file holds, in order and each once: "835", "999", "277", "TA1"."""
    return tuple(dict.fromkeys(found.kind for found in read_transactions(data, "X12")))


def expect_kind(found: Transaction, *kinds: str) -> None:
    """Refuse a transaction of another kind than the reader's."""
    if found.kind not in kinds:
        raise found.header.misplaced(f"a transaction of kind {' or '.join(kinds)}, not {shorten(found.kind)}")
