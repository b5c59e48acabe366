"""What the demonstration keeps on its shelves: each week as much as the kits ahead take, and a little of the rest."""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from infusion_desktop.database.engine import Database
from infusion_desktop.dates import ONE_DAY, Days
from infusion_desktop.deliveries.kits.kit_needs import facts_of, uses_of
from infusion_desktop.deliveries.kits.supply_rules import total
from infusion_desktop.demonstration.cast import Cast
from infusion_desktop.demonstration.shelves import hash_of, noon
from infusion_desktop.patients.queries import therapy_calendar
from infusion_desktop.patients.words import TherapyId
from infusion_desktop.stock.buying.receiving import NewReceipt, ReceiptLine, receive
from infusion_desktop.stock.catalogue import change_item
from infusion_desktop.stock.queries import ItemRow, item_page, item_rows
from infusion_desktop.stock.words import ItemId

TUESDAY = 1
LINES_A_RECEIPT = 25
DEAR = Decimal(60)
"""Above this a unit is bought for three weeks, not for five."""
SELDOM = 4
"""One in so many of the items that no kit takes is kept all the same, where no more is."""
OLD = 0.05
"""Of the lots that nobody asks for, so many grow old on their shelf."""
LATE = timedelta(days=24)
"""For so long before today a few items have been on backorder."""


@dataclass(frozen=True, slots=True)
class Course:
    """A therapy, from when to when, and for how many days a delivery goes."""

    therapy: TherapyId
    first: date
    last: date | None
    days: int


class Stocking:
    """The buyer's view of the demonstration: what goes out when, and what is brought each week."""

    def __init__(
        self, database: Database, cast: Cast, courses: Iterable[Course], first: date, last: date, pick: random.Random,
        lots: int,
    ) -> None:  # fmt: skip
        self._database, self._cast, self._last, self._pick, self._lots = database, cast, last, pick, lots
        self._asked = _asked(database, courses, last + timedelta(days=45))
        with database.reading() as session:
            rows = {row.id: row for row in item_rows(session) if not row.kind.is_equipment}
            self._packs = {
                item: [pack.quantity for pack in page.item.packs]
                for item in rows
                if (page := item_page(session, item)) is not None
            }
        self._rows, self._turn = rows, 0
        self._late = set(
            sorted((item for item in self._asked if rows[item].unit_cost < DEAR), key=_by_name(rows))[::17]
        )
        self._seldom = {
            row.id: self._whole(row.id, 10) if row.unit_cost < DEAR else 1
            for row in rows.values()
            if row.id not in self._asked and (lots > 1 or (row.unit_cost < DEAR and hash_of(row.number) % SELDOM == 0))
        }
        opened = first - timedelta(days=20)
        self._bring({**self._seldom, **{item: self._wanted(item, 0, first) for item in self._asked}}, opened)

    def live(self, day: date) -> None:
        """On Tuesdays the vendors bring what would not last for two weeks."""
        if day.weekday() != TUESDAY or day > self._last:
            return
        with self._database.reading() as session:
            free = {row.id: row.available for row in item_rows(session)}
        late = self._late if day > self._last - LATE else set[ItemId]()
        self._bring({item: self._wanted(item, free[item], day) for item in self._asked if item not in late}, day)

    def bring_short(self, short: Mapping[ItemId, int], day: date) -> None:
        """What a delivery lacks is brought the same day."""
        self._bring({item: self._whole(item, units) for item, units in short.items()}, day)

    def set_levels(self) -> None:
        """Reorder points and par levels as the last weeks' use says: some days and five weeks of it."""
        for item, row in self._rows.items():
            if item in self._asked:
                a_month = self._takes(item, self._last - timedelta(days=15), 30)
                few, many = (2, 24) if row.unit_cost > DEAR else (5, 38)
                point, par = -(-a_month * few // 30), -(-a_month * many // 30)
            elif item in self._seldom:
                point, par = self._seldom[item] // 4, self._seldom[item]
            else:
                continue
            with self._database.reading() as session:
                page = item_page(session, item)
            assert page is not None
            levels = replace(page.item, reorder_point=point, par_level=par)
            change_item(self._database, item, levels, page.version, self._cast.pharmacists[0])

    def _takes(self, item: ItemId, day: date, days: int) -> int:
        """What kits take of an item on the days from a day on."""
        return sum(units for on, units in self._asked[item] if day <= on < day + timedelta(days=days))

    def _wanted(self, item: ItemId, free: int, day: date) -> int:
        if free >= self._takes(item, day, 14) and free:
            return 0
        cover = self._takes(item, day, 24 if self._rows[item].unit_cost > DEAR else 38)
        return self._whole(item, cover - free) if cover > free else 0

    def _whole(self, item: ItemId, units: int) -> int:
        """So many units in whole packs, of a pack that is not much more than is wanted."""
        size = max((each for each in self._packs[item] if each <= units), default=1)
        return -(-units // size) * size

    def _bring(self, wanted: Mapping[ItemId, int], day: date) -> None:
        shelves: dict[str, list[ReceiptLine]] = {}
        for item in sorted(wanted, key=_by_name(self._rows)):
            if wanted[item] > 0:
                row = self._rows[item]
                parts = self._parts(item, wanted[item])
                shelves.setdefault(place_of(row), []).extend(self._line(row, units, day) for units in parts)
        self._turn += 1
        for place, lines in sorted(shelves.items()):
            for start in range(0, len(lines), LINES_A_RECEIPT):
                slip = NewReceipt(tuple(lines[start : start + LINES_A_RECEIPT]), place,
                                  f"PS-{self._pick.randrange(10**6):06}")  # fmt: skip
                receive(self._database, slip, self._cast.technicians[self._turn % 2], noon(day))

    def _parts(self, item: ItemId, units: int) -> list[int]:
        """The units by lot, in whole packs: a vendor seldom sends a month's worth of one lot."""
        parts, left = [], units
        for lots in range(1 if item in self._seldom else self._lots, 0, -1):
            part = min(left, self._whole(item, -(-left // lots)))
            parts.append(part)
            left -= part
        return [part for part in parts if part]

    def _line(self, row: ItemRow, units: int, day: date) -> ReceiptLine:
        # What is seldom asked for grows old: some of it is near its end by now, as on any shelf.
        old = row.id in self._seldom and self._pick.random() < (OLD if self._lots > 1 else 0.22)
        days = self._pick.randrange(-16, 60) if old else self._pick.randrange(300, 900)
        until = max(self._last + timedelta(days=days), day + timedelta(days=30))
        lot = f"{row.number[:3].replace('-', '')}{self._pick.randrange(10**5):05}{'ABCDEFGH'[self._turn % 8]}"
        cost = (row.unit_cost * (100 + self._pick.randrange(-3, 6)) / 100).quantize(row.unit_cost)
        return ReceiptLine(row.id, units, None, lot, until, unit_cost=cost)


def _asked(database: Database, courses: Iterable[Course], until: date) -> dict[ItemId, list[tuple[date, int]]]:
    """What the kits of all courses take of each item, by the day they leave."""
    found: dict[ItemId, list[tuple[date, int]]] = {}
    for course in courses:
        leaves, kit = course.first, _kit(database, course, first=True)
        later = _kit(database, course, first=False)
        while leaves <= min(course.last or until, until):
            for item, units in kit.items():
                found.setdefault(item, []).append((leaves - ONE_DAY, units))
            leaves, kit = leaves + timedelta(days=course.days), later
    return found


def _kit(database: Database, course: Course, *, first: bool) -> dict[ItemId, int]:
    period = Days(course.first, course.first + timedelta(days=course.days - 1))
    with database.reading() as session:
        calendar = therapy_calendar(session, course.therapy, period)
        if calendar is None:
            return {}
        uses = uses_of(session, calendar, period, facts_of(session, calendar.patient_id), first=first)
    return {item: total([use for use in uses if use.item == item]) for item in dict.fromkeys(use.item for use in uses)}


def place_of(row: ItemRow) -> str:
    """Cold in the refrigerator, everything else always in the same bin."""
    bin_of = f"{'ABCD'[hash_of(row.number) % 4]}-{hash_of(row.name) % 6 + 1:02}"
    return "FRIDGE" if row.storage.is_cold else bin_of


def _by_name(rows: Mapping[ItemId, ItemRow]) -> Callable[[ItemId], str]:
    return lambda item: rows[item].number
