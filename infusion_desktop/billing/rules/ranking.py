"""Which of a day's therapies is first, second, third: rank is settled for each day, from that day's therapies."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from infusion_desktop.billing.rules import day_mask
from infusion_desktop.billing.rules.legs import Leg, Piece, prices
from infusion_desktop.billing.rules.rule_set import RankBy, RankScope, RuleSet
from infusion_desktop.billing.rules.therapy import FeeSchedule, RateBasis
from infusion_desktop.dates import Days

NOT_RANKED = 0
Priced = tuple[Leg, Decimal | None]


def rank_days(legs: Sequence[Leg], period: Days, rules: RuleSet, fees: FeeSchedule) -> list[Piece]:
    """Each leg's days by rank; 0 for what takes none (injections, catheter care) where only infusions rank."""
    pieces = []
    groups: dict[str, list[Leg]] = {}
    for leg in legs:
        if not leg.mask:
            continue
        if is_ranked(leg, rules):
            groups.setdefault(leg.course.family if rules.rank_scope is RankScope.SAME_FAMILY else "", []).append(leg)
        else:
            pieces.append(Piece(leg, leg.mask, NOT_RANKED))
    for group in groups.values():
        if len(group) == 1:
            pieces.append(Piece(group[0], group[0].mask, 1))
        else:
            pieces += _ranked_together(group, period, rules, fees)
    return pieces


def is_ranked(leg: Leg, rules: RuleSet) -> bool:
    """Whether the leg takes part in ranking: per diems do, unless the contract leaves their code out."""
    if leg.basis is not RateBasis.PER_DIEM:
        return False
    return rules.rank_scope is not RankScope.INFUSIONS_ONLY or leg.code not in rules.unranked_codes


def rank_key(rules: RuleSet) -> Callable[[Priced], tuple[object, ...]]:
    """What orders a day's therapies; ties go to the earlier start, then the lower code, then the older record."""
    table = {code: place for place, code in enumerate(rules.rank_table)} if rules.rank_table else {}

    def by(priced: Priced) -> tuple[object, ...]:
        leg, rate = priced
        course = leg.course
        tie = (course.begun_on, leg.choice.code, course.id)
        if rules.rank_by is RankBy.START_DATE:
            return tie
        if rules.rank_by is RankBy.CONTRACT_RATE_DESC:
            return (rate is None, -rate if rate is not None else 0, *tie)
        if rules.rank_by is RankBy.FIXED_TABLE:
            return (table.get(leg.choice.code, len(table)), *tie)
        return (course.manual_rank is None, course.manual_rank or 0, *tie)

    return by


def _ranked_together(group: Sequence[Leg], period: Days, rules: RuleSet, fees: FeeSchedule) -> list[Piece]:
    pieces: dict[tuple[int, int], Piece] = {}
    key = rank_key(rules)
    for mask, together in _same_company(group, period, fees):
        ahead: tuple[str, ...] = ()
        for rank, (leg, _) in enumerate(sorted(together, key=key), start=1):
            known = pieces.get((id(leg), rank))
            if known is None:
                pieces[id(leg), rank] = Piece(leg, mask, rank, ahead)
            else:
                known.mask |= mask
                known.ahead += tuple(label for label in ahead if label not in known.ahead)
            ahead += (leg.course.label,)
    return list(pieces.values())


def _same_company(group: Sequence[Leg], period: Days, fees: FeeSchedule) -> list[tuple[int, tuple[Priced, ...]]]:
    """The days cut into sets on which the same therapies run at the same prices, in the order of their first day."""
    cut: list[tuple[int, tuple[Priced, ...]]] = [(day_mask.whole(period), ())]
    for leg in group:
        priced = [(mask, fee.rate if fee else None) for mask, fee in prices(leg, leg.mask, (), fees, period)]
        finer = []
        for mask, company in cut:
            for days, rate in priced:
                if shared := mask & days:
                    finer.append((shared, (*company, (leg, rate))))
                    mask ^= shared
            if mask:
                finer.append((mask, company))
        cut = finer
    return sorted(((mask, company) for mask, company in cut if company), key=lambda each: day_mask.first_of(each[0]))
