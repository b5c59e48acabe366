"""The columns of a list share its room so that nothing is cut needlessly and no list goes sideways needlessly."""

from hypothesis import given
from hypothesis import strategies as st

from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.column_widths import Wish, share
from infusion_desktop.desktop.table import Column


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    whole = draw(st.integers(40, 900))
    usual = draw(st.integers(40, whole))
    return Wish(whole, usual, draw(st.integers(20, whole)), draw(st.integers(0, 200)), draw(st.booleans()))


@given(st.lists(wishes(), max_size=12), st.integers(0, 3000))
def test_the_columns_fit_the_room_wherever_they_can(asked: list[Wish], room: int) -> None:
    widths = share(asked, room)
    floors = [min(each.usual, max(96, each.least)) for each in asked]
    assert all(width >= floor for width, floor in zip(widths, floors, strict=True))
    kept = [max(floor, min(each.usual, each.kept)) for each, floor in zip(asked, floors, strict=True)]
    assert sum(widths) <= (room if sum(floors) <= room else sum(kept)), "Wider than the room, or than it need be"
    if sum(each.whole for each in asked) <= room:
        assert all(width >= each.whole for width, each in zip(widths, asked, strict=True)), "Cut with room to spare"


def test_the_longest_text_gives_way_first() -> None:
    name, number, note = Wish(180, 180, 80), Wish(90, 90, 90), Wish(340, 340, 80)
    assert share([name, number, note], 500) == [180, 90, 230]


def test_a_name_gives_way_last() -> None:
    name, note, other = Wish(300, 170, 80, 160), Wish(340, 340, 80), Wish(200, 200, 80)
    assert share([name, note, other], 420) == [160, 130, 130]
    assert share([name, note, other], 300) == [108, 96, 96]
    assert share([name, note, other], 280) == [160, 96, 96], "What is scrolled anyway keeps names readable"


def test_of_two_long_texts_neither_takes_all_that_is_left() -> None:
    before, after, short = Wish(900, 240, 80), Wish(1_000, 240, 80), Wish(100, 60, 40)
    assert share([before, after, short], 1_000) == [450, 450, 100]


def test_a_badge_begins_with_a_capital() -> None:
    assert Column[str]("State", lambda row: row, tone=lambda _row: Tone.GOOD).text("part paid") == "Part paid"
    assert Column[str]("User name", lambda row: row).text("aisha") == "aisha"
