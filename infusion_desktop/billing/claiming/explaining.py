"""Why this code, these units, this rank, this rate: a line's evidence in the order a biller asks, and where to look."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from infusion_desktop.billing.queries import ClaimPage, LineRow
from infusion_desktop.billing.words import LineKind
from infusion_desktop.dates import Days, runs_of, show_day, show_days
from infusion_desktop.money import show_money

QUESTIONS = ("Why this code?", "Why these units?", "Why this rank?", "Why this rate?", "What allows it?")
_OF_KIND = {
    LineKind.PER_DIEM: "The payer's rules choose it for this therapy.",
    LineKind.DRUG: "It is the code of the drug that was delivered.",
    LineKind.NURSING: "It is the code of a nursing visit.",
    LineKind.SUPPLY: "It is the code of what was delivered or rented.",
}
_ABOUT = (
    (2, ("rank", "modifier")),
    (3, ("contract pays", "percent", "price", "rate")),
    (4, ("authoriz",)),
    (0, ("code", "specific", "general")),
)


@dataclass(frozen=True, slots=True)
class Link:
    """A record behind a line, for ``desk.open``."""

    kind: str
    id: int
    text: str


@dataclass(frozen=True, slots=True)
class Explained:
    """One question with its answers."""

    question: str
    answers: tuple[str, ...]


def explain(line: LineRow, page: ClaimPage) -> tuple[Explained, ...]:
    """The five questions about a line, each with what the count and the deliveries say; days left out come last."""
    told: dict[int, list[str]] = defaultdict(list)
    for sentence in line.sentences:
        told[_question(sentence, line.code)].append(sentence)
    told[1] += _covered(line)
    if not told[0]:
        told[0].append(_OF_KIND[line.kind])
    if not told[1]:
        told[1].append(f"{line.units.normalize():f} units.")
    if not told[2]:
        per_diem = line.kind is LineKind.PER_DIEM
        told[2].append(
            "No other therapy of these days is ranked before it." if per_diem else "Only per diems are ranked."
        )
    if not told[3]:
        told[3].append(f"{show_money(line.rate)} a unit by {page.rules}.")
    told[4].append(f"Authorization {line.authorization}." if line.authorization else "No authorization is named.")
    found = [Explained(question, tuple(told[place])) for place, question in enumerate(QUESTIONS)]
    left = tuple(f"{_when([each.days])}: {each.why}" for each in page.left_out)
    return (*found, Explained("Which days do not count?", left)) if left else tuple(found)


def links(line: LineRow, page: ClaimPage) -> tuple[Link, ...]:
    """The records behind a line: the patient's orders, each delivery, the payer's rules, the authorization."""
    deliveries = dict.fromkeys((unit.delivery_id, unit.delivery) for unit in line.evidence if unit.delivery_id)
    found = [Link("patient", page.row.patient_id, "Therapy")]
    found += [Link("delivery", number, f"Delivery {name}".strip()) for number, name in deliveries if number is not None]
    found.append(Link("payer", page.row.payer_id, "Payer's rules"))
    if line.authorization:
        found.append(Link("patient", page.row.patient_id, f"Authorization {line.authorization}"))
    return tuple(found)


def _question(sentence: str, code: str) -> int:
    low = sentence.casefold()
    for place, words in _ABOUT:
        if any(word in low for word in words):
            return place
    return 0 if sentence.startswith(code) else 1


def _covered(line: LineRow) -> Iterator[str]:
    covered: dict[tuple[str, bool], list[date]] = {}
    for unit in line.evidence:
        covered.setdefault((unit.delivery, unit.proven), []).append(unit.day)
    for (delivery, proven), days in covered.items():
        if not delivery and line.kind is not LineKind.PER_DIEM:
            continue
        by = "no delivery covers it"
        if delivery:
            by = f"delivery {delivery}, {'delivered with proof' if proven else 'without proof of delivery'}"
        yield f"{_when(runs_of(days))}: {by}."


def _when(runs: list[Days]) -> str:
    return ", ".join(show_day(run.first) if len(run) == 1 else show_days(run) for run in runs)
