"""What caps the units of a day, of a month and of an authorization."""

from collections.abc import Mapping, Sequence
from datetime import date

from infusion_desktop.billing.rules import day_mask
from infusion_desktop.billing.rules.days import Reason
from infusion_desktop.billing.rules.legs import LeftOut, Piece
from infusion_desktop.billing.rules.rule_set import AuthorizationScope, RuleSet, Unauthorized
from infusion_desktop.billing.rules.therapy import Authorization, RateBasis
from infusion_desktop.dates import Days
from infusion_desktop.values import value


@value
class AuthorizationUse:
    """What the period takes from one authorization, beside what earlier claims took."""

    authorization: Authorization
    taken: int

    @property
    def left(self) -> int | None:
        """Units that remain after this period; None when there is no limit."""
        left = self.authorization.left
        return None if left is None else left - self.taken

    @property
    def percent(self) -> int | None:
        """Used units of all units, in whole percent rounded down; None when there is no limit."""
        units = self.authorization.units
        if units is None:
            return None
        return 100 if units == 0 else (self.authorization.used + self.taken) * 100 // units


def cap_days(pieces: Sequence[Piece], rules: RuleSet) -> list[LeftOut]:
    """Take what exceeds the units a day per code with its modifiers, from the therapies ranked last.

    Doses and infusions billed one by one are not capped: their contract counts occasions, not days.
    """
    groups: dict[tuple[str, tuple[str, ...]], list[Piece]] = {}
    for piece in pieces:
        if piece.leg.basis is RateBasis.PER_DIEM:
            groups.setdefault((piece.leg.choice.code, piece.modifiers), []).append(piece)
    found = []
    for (code, _), group in groups.items():
        if len(group) <= rules.max_units_per_day:
            continue
        room = [0] * rules.max_units_per_day
        for piece in group:
            remaining = piece.mask
            for place, taken in enumerate(room):
                free = remaining & ~taken
                room[place] |= free
                remaining ^= free
            if remaining:
                piece.mask ^= remaining
                found.append(LeftOut(piece.leg.course, Reason.OVER_DAY_MAXIMUM, remaining, code))
    return found


def cap_months(
    pieces: Sequence[Piece], period: Days, rules: RuleSet, before: Mapping[tuple[str, date], int]
) -> list[LeftOut]:
    """Take what exceeds the units a calendar month per code, the last days first.

    ``before`` has the units of a code that other counts already took in a month (code and the month's first day).
    """
    most = rules.max_units_per_month
    if most is None:
        return []
    found: list[LeftOut] = []
    groups: dict[str, list[Piece]] = {}
    for piece in pieces:
        groups.setdefault(piece.leg.choice.code, []).append(piece)
    for code, group in groups.items():
        for month, days in day_mask.months(period):
            room = most - before.get((code, month), 0)
            if sum(piece.leg.units(piece.mask & days) for piece in group) > room:
                found += _keep_earliest(group, days, room)
    return found


def _keep_earliest(group: Sequence[Piece], days: int, room: int) -> list[LeftOut]:
    dropped = [0] * len(group)
    for offset in day_mask.offsets(days):
        for place, piece in enumerate(group):
            if piece.mask >> offset & 1:
                units = piece.leg.units(1 << offset)
                if units <= room:
                    room -= units
                else:
                    room = 0
                    dropped[place] |= 1 << offset
    found = []
    for piece, mask in zip(group, dropped, strict=True):
        if mask:
            piece.mask ^= mask
            found.append(LeftOut(piece.leg.course, Reason.OVER_MONTH_MAXIMUM, mask, piece.leg.choice.code))
    return found


def authorize(
    pieces: Sequence[Piece], authorizations: Sequence[Authorization], period: Days, rules: RuleSet
) -> tuple[list[Piece], list[LeftOut], list[AuthorizationUse]]:
    """Give each day the authorization it uses: day by day, by rank within a day, the one that ends first first.

    Days without one are left out, held or only warned about where the contract requires authorization.
    """
    if not authorizations:
        return _unauthorized(list(pieces), rules)
    ordered = sorted(authorizations, key=_ends_first)
    reach = [day_mask.between(period, each.days.first, each.days.last) for each in ordered]
    fitting = [[n for n, each in enumerate(ordered) if _fits(each, piece, rules)] for piece in pieces]
    taken, used_up = _all_at_once(pieces, ordered, reach, fitting)
    if taken is None:
        taken, used_up = _day_by_day(pieces, ordered, reach, fitting)
    if not rules.authorization_required:
        used_up = [0] * len(pieces)
    finished = _pieces_by_authorization(pieces, ordered, taken, used_up)
    kept, left_out, _ = _unauthorized(finished, rules)
    uses = [
        AuthorizationUse(
            each, sum(piece.leg.units(mask[n]) for piece, mask in zip(pieces, taken, strict=True) if n in mask)
        )
        for n, each in enumerate(ordered)
        if reach[n]
    ]
    return kept, left_out, uses


Taken = list[dict[int, int]]


def _all_at_once(
    pieces: Sequence[Piece], ordered: Sequence[Authorization], reach: Sequence[int], fitting: Sequence[Sequence[int]]
) -> tuple[Taken | None, list[int]]:
    """Whole pieces to authorizations, or None when one of them would not last."""
    taken: Taken = []
    totals = [0] * len(ordered)
    for piece, choices in zip(pieces, fitting, strict=True):
        mine: dict[int, int] = {}
        remaining = piece.mask
        for n in choices:
            if hit := remaining & reach[n]:
                mine[n] = hit
                remaining ^= hit
                totals[n] += piece.leg.units(hit)
                left = ordered[n].left
                if left is not None and totals[n] > left:
                    return None, []
        taken.append(mine)
    return taken, [0] * len(pieces)


def _day_by_day(
    pieces: Sequence[Piece], ordered: Sequence[Authorization], reach: Sequence[int], fitting: Sequence[Sequence[int]]
) -> tuple[Taken, list[int]]:
    left = [each.left for each in ordered]
    taken: Taken = [{} for _ in pieces]
    used_up = [0] * len(pieces)
    every_day = 0
    for piece in pieces:
        every_day |= piece.mask
    for offset in day_mask.offsets(every_day):
        day = 1 << offset
        for place in _by_rank(pieces, day):
            open_today = [n for n in fitting[place] if reach[n] & day]
            units = pieces[place].leg.units(day)
            chosen = next((n for n in open_today if (room := left[n]) is None or room >= units), None)
            if chosen is None:
                used_up[place] |= day if open_today else 0
                continue
            taken[place][chosen] = taken[place].get(chosen, 0) | day
            room = left[chosen]
            left[chosen] = None if room is None else room - units
    return taken, used_up


def _by_rank(pieces: Sequence[Piece], day: int) -> list[int]:
    return sorted(
        (place for place, piece in enumerate(pieces) if piece.mask & day),
        key=lambda place: (pieces[place].rank, pieces[place].leg.course.begun_on, pieces[place].leg.course.id),
    )


def _pieces_by_authorization(
    pieces: Sequence[Piece], ordered: Sequence[Authorization], taken: Taken, used_up: Sequence[int]
) -> list[Piece]:
    finished = []
    for piece, mine, exhausted in zip(pieces, taken, used_up, strict=True):
        remaining = piece.mask
        for n, mask in mine.items():
            part = piece.with_days(mask)
            part.authorization = ordered[n]
            finished.append(part)
            remaining ^= mask
        for mask, held in ((remaining & exhausted, Reason.AUTHORIZATION_USED_UP), (remaining & ~exhausted, None)):
            if mask:
                part = piece.with_days(mask)
                part.held = held
                finished.append(part)
    return finished


def _unauthorized(pieces: list[Piece], rules: RuleSet) -> tuple[list[Piece], list[LeftOut], list[AuthorizationUse]]:
    if not rules.authorization_required:
        for piece in pieces:
            piece.held = None
        return pieces, [], []
    kept, left_out = [], []
    for piece in pieces:
        if piece.authorization is None:
            piece.held = piece.held or Reason.NOT_AUTHORIZED
            if rules.unauthorized is Unauthorized.BLOCK:
                left_out.append(LeftOut(piece.leg.course, piece.held, piece.mask))
                continue
        kept.append(piece)
    return kept, left_out, []


def _fits(authorization: Authorization, piece: Piece, rules: RuleSet) -> bool:
    if authorization.code and authorization.code != piece.leg.choice.code:
        return False
    if authorization.therapy_id is not None and authorization.therapy_id != piece.leg.course.order:
        return False
    if rules.authorization_scope is AuthorizationScope.CODE_AND_MODIFIER:
        wears = {each for each in piece.modifiers if each in rules.concurrency_modifiers}
        return wears == {each for each in authorization.modifiers if each in rules.concurrency_modifiers}
    return all(each in piece.modifiers for each in authorization.modifiers)


def _ends_first(authorization: Authorization) -> tuple[object, ...]:
    units = authorization.units
    return (
        authorization.days.last,
        authorization.days.first,
        authorization.number,
        authorization.code,
        authorization.modifiers,
        units is None,
        units or 0,
        authorization.used,
    )
