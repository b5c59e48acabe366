"""X12 text out: values cleaned to the basic character set with a notice, segments joined, counted and enclosed.

Nothing that could shift an element can pass: a value with a delimiter, a control or a character outside the basic set
raises when its segment is written. Basic set (X12.6): upper case letters, digits, space and ! " & ' ( ) * + , - . / : ;
? =
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from functools import lru_cache

from infusion_desktop.errors import Refused

_WORD = r"[A-Z0-9!\"&'()+,\-./;?=]+"
_CLEAN = re.compile(rf"(?:{_WORD}(?: {_WORD})*)?", re.ASCII)
_LINE = re.compile(r"[A-Z0-9 !\"&'()+,\-./;?=*:]+", re.ASCII)
_NOT_BASIC = re.compile(r"[^A-Z0-9 !\"&'()+,\-./;?=]", re.ASCII)
_SPELLED = "Ł=L ł=l Ø=O ø=o Đ=D đ=d Ð=D ð=d Ħ=H ħ=h ẞ=SS ß=ss Æ=AE æ=ae Œ=OE œ=oe Þ=TH þ=th ı=i Ŋ=N ŋ=n"
_TURNED = str.maketrans(
    dict.fromkeys("*:~^|\\<>#%@[]{}$\t\r\n\v\f\x1c\x1d\x1e\x1f\x85\xa0\u2028\u2029", " ")
    | dict.fromkeys("‘’‚‛`´ʻʼ′", "'")
    | dict.fromkeys("“”„«»″", '"')
    | dict.fromkeys("‐‑‒–—―−_", "-")
    | dict(pair.split("=") for pair in _SPELLED.split())
)


@lru_cache(512)  # Names of payers, cities and prescribers come again and again; each is checked and then written.
def clean(text: str, longest: int = 0) -> str:
    """The text in upper case basic characters: accents off, delimiters and line ends to spaces, the rest dropped.

    Cut to ``longest`` characters when given; no spaces at the ends or doubled. Empty when nothing remains.
    """
    if _CLEAN.fullmatch(text):
        plain = text
    elif text.isascii() and _CLEAN.fullmatch(upper := text.upper()):
        plain = upper
    else:
        letters = unicodedata.normalize("NFKD", text[:5000].translate(_TURNED)).translate(_TURNED).upper()
        plain = " ".join(_NOT_BASIC.sub("", letters).split())
    return plain[:longest].rstrip() if longest else plain


def is_clean(text: str) -> bool:
    """Whether a code or number can be written exactly as it is (identifiers are refused, never altered)."""
    return _CLEAN.fullmatch(text) is not None


def differs(text: str, written: str) -> bool:
    """Whether more than upper case and spaces changed, so that a person should hear of it."""
    return text != written and " ".join(text.upper().split()) != written


def segment(*elements: str | tuple[str, ...]) -> str:
    """One segment without terminator; a tuple is a composite; empty elements at the end are left out.

    Raises Refused when a value holds a delimiter or a character outside the basic set.
    """
    try:
        line = "*".join(elements)  # type: ignore[arg-type]  # Most segments have no composite; asking each is slower.
    except TypeError:
        line = "*".join([value if isinstance(value, str) else ":".join(value).rstrip(":") for value in elements])
    if line.count("*") != len(elements) - 1 or not _LINE.fullmatch(line) or (":" in line and _stray_colon(elements)):
        raise Refused(
            f"A value of segment {elements[0]} holds a character that would break the claim file. Correct it."
        )
    return line.rstrip("*")


def _stray_colon(elements: tuple[str | tuple[str, ...], ...]) -> bool:
    """Whether a plain value or a component holds the component separator."""
    return any(":" in part for value in elements for part in ((value,) if isinstance(value, str) else value))


def number(value: Decimal) -> str:
    """A number as X12 wants it: point only where needed, no exponent, no zeros at its end."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def day(value: date) -> str:
    """CCYYMMDD."""
    return value.isoformat().replace("-", "")


@dataclass(frozen=True, slots=True)
class Interchange:
    """What stands in ISA and GS; control numbers are taken by the caller, inside its transaction, and never reused."""

    sender_id: str
    receiver_id: str
    interchange_control: int
    group_control: int
    written_on: date
    written_at: time
    test: bool
    wants_ta1: bool = False
    sender_qualifier: str = "ZZ"
    receiver_qualifier: str = "ZZ"

    def reasons(self) -> Iterator[str]:
        """Why this cannot stand in an ISA and GS."""
        for what, value in (("sender", self.sender_id), ("receiver", self.receiver_id)):
            if not 2 <= len(value) <= 15 or not is_clean(value):
                yield f"The {what}'s interchange number must be 2 to 15 plain characters. Correct it in the settings."
        for what, qualifier in (("sender", self.sender_qualifier), ("receiver", self.receiver_qualifier)):
            if qualifier not in ("01", "14", "20", "27", "28", "29", "30", "33", "ZZ"):
                yield f"The {what}'s interchange qualifier is not one of ISA05's. Choose ZZ or what the payer names."
        for what, control in (("interchange", self.interchange_control), ("group", self.group_control)):
            if not 1 <= control <= 999_999_999:
                yield f"The {what} control number must be 1 to 999999999."


def enclose(envelope: Interchange, function: str, version: str, transactions: Iterator[str]) -> Iterator[str]:
    """The whole file piece by piece, ISA to IEA, around one or more ST..SE; segments with terminator and line end."""
    yield _isa(envelope)
    control = str(envelope.group_control)
    times = day(envelope.written_on), f"{envelope.written_at:%H%M}"
    yield segment("GS", function, envelope.sender_id, envelope.receiver_id, *times, control, "X", version) + "~\n"
    sets = 0
    for piece in transactions:
        sets += piece.startswith("ST*")
        yield piece
    yield f"GE*{sets}*{control}~\n"
    yield f"IEA*1*{envelope.interchange_control:09d}~\n"


def _isa(envelope: Interchange) -> str:
    """The ISA, 106 characters with its terminator."""
    sender = f"{envelope.sender_qualifier}*{envelope.sender_id:<15}"
    receiver = f"{envelope.receiver_qualifier}*{envelope.receiver_id:<15}"
    written = f"{envelope.written_on:%y%m%d}*{envelope.written_at:%H%M}"
    usage = f"{int(envelope.wants_ta1)}*{'T' if envelope.test else 'P'}"
    number = f"{envelope.interchange_control:09d}"
    return f"ISA*00*{'':10}*00*{'':10}*{sender}*{receiver}*{written}*^*00501*{number}*{usage}*:~\n"


def transaction(header: str, control: str, body: Iterable[Sequence[str]]) -> Iterator[str]:
    """ST, the body's runs of segments with terminators, and an SE that counts all of them."""
    yield header + "~\n"
    count = 2
    for run in body:
        count += len(run)
        yield "~\n".join([*run, ""])
    yield f"SE*{count}*{control}~\n"
