"""What is wrong with a person's, a coverage's or an order's particulars. Pure: every reason is given together."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date

from infusion_desktop.dates import show_day
from infusion_desktop.errors import Refused
from infusion_desktop.patients.words import Rank

OLDEST = 130
LONGEST = 200
_ICD_10 = re.compile(r"[A-Z]\d[0-9AB](\.?[0-9A-Z]{1,4})?", re.ASCII)


def read_diagnosis(text: str) -> str:
    """An ICD-10-CM code with its dot, such as M86.171, or Refused.

    The shape only: a letter, a digit, a digit or A or B, then up to four characters (ICD-10-CM Official Guidelines,
    section I.A.2; codes are three to seven characters).
    """
    plain = text.strip().upper()
    if not _ICD_10.fullmatch(plain):
        raise Refused(f"“{plain[:12]}” is not an ICD-10 code. Type it such as M86.171.")
    bare = plain.replace(".", "")
    return f"{bare[:3]}.{bare[3:]}" if len(bare) > 3 else bare


def read_diagnoses(texts: Iterable[str], reasons: list[str]) -> str:
    """The codes as they are kept, principal first; what is wrong is added to ``reasons``."""
    codes = [code for text in texts if text.strip() and (code := kept(read_diagnosis, text, reasons))]
    return " ".join(dict.fromkeys(codes))


def kept(read: Callable[[str], str], text: str, reasons: list[str]) -> str:
    """What a reader makes of a text; its refusal is added to ``reasons`` and "" given."""
    try:
        return read(text)
    except Refused as no:
        reasons += no.reasons
        return ""


def reasons_against_birth(born_on: date, today: date) -> list[str]:
    """A birth date lies in the past, within a human life."""
    if born_on > today:
        return [f"The birth date {show_day(born_on)} is in the future. Correct it."]
    if born_on.year < today.year - OLDEST:
        return [f"The birth date {show_day(born_on)} is more than {OLDEST} years ago. Correct it."]
    return []


def reasons_against_state(state: str) -> list[str]:
    """A state is two letters."""
    if re.fullmatch(r"[A-Z]{2}", state):
        return []
    return ["Type the state as two letters, such as OR."]


def reasons_against_length(texts: Iterable[str], longest: int = LONGEST) -> list[str]:
    """Names and addresses have an end."""
    return [f"“{text[:20]}…” is too long: at most {longest} characters." for text in texts if len(text) > longest]


def reasons_against_days(first: date, last: date | None, what: str) -> list[str]:
    """A period does not end before it begins."""
    if last is not None and last < first:
        return [f"{what} ends on {show_day(last)}, before it begins on {show_day(first)}. Correct its days."]
    return []


def reasons_against_ranks(policies: Sequence[tuple[Rank, date, date | None]]) -> list[str]:
    """On one day only one policy is first in turn, only one second, only one third."""
    reasons = []
    for at, (rank, first, last) in enumerate(policies):
        for other, its_first, its_last in policies[:at]:
            apart = (last is not None and last < its_first) or (its_last is not None and its_last < first)
            if rank is other and not apart:
                reasons.append(f"Two coverages are {rank.name.lower()} at the same time. End one or change its rank.")
    return list(dict.fromkeys(reasons))
