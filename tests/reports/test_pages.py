"""Blocks over pages: nothing split, lost or left alone, whatever their heights."""

from hypothesis import given
from hypothesis import strategies as st

from reports.lettering import BODY, fitting, shorten, width, wrap
from reports.paper import Block, lay_out


def _block(height, keep, heading=None):
    return Block(height, lambda paper, top: None, keep, heading, gap=2.0)


BLOCKS = st.lists(st.tuples(st.floats(5, 60), st.booleans()), max_size=40)


@given(BLOCKS)
def test_every_block_comes_once_in_order_and_fits(sizes):
    blocks = [_block(height, False) for height, _ in sizes]
    pages = lay_out(blocks, 100, 140)
    assert [block for page in pages for block in page] == blocks
    for index, page in enumerate(pages):
        used = sum(block.height for block in page) + 2.0 * max(0, len(page) - 1)
        assert used <= (140 if index else 100) + 0.1


@given(BLOCKS)
def test_a_block_that_keeps_with_the_next_never_stands_last(sizes):
    blocks = [_block(10, keep and index % 3 != 2) for index, (_, keep) in enumerate(sizes)]
    for page in lay_out(blocks, 100, 140)[:-1]:
        assert not page[-1].keep_with_next


def test_a_tables_heading_comes_again_on_each_page():
    heading = _block(10, True)
    rows = [_block(20, False, heading) for _ in range(20)]
    pages = lay_out([heading, *rows], 100, 100)
    assert len(pages) > 4
    assert all(page[0] is heading for page in pages)


def test_a_block_higher_than_a_page_is_still_drawn_once():
    blocks = [_block(10, True), _block(500, False), _block(10, False)]
    assert [block for page in lay_out(blocks, 100, 100) for block in page] == blocks


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "Z"]), max_size=200), st.floats(20, 300))
def test_wrapped_lines_fit_and_lose_nothing(text, room):
    lines = wrap(text, BODY, room)
    assert all(width(line, BODY.font, BODY.size) <= room + 0.01 for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_more_lines_than_allowed_end_visibly():
    lines = wrap("word " * 100, BODY, 60, 3)
    assert len(lines) == 3 and lines[-1].endswith("…")
    assert shorten("short", BODY, 100) == "short"


def test_a_serial_with_letters_the_fixed_font_lacks_is_set_in_another():
    from reports.lettering import CODE

    assert fitting("SN123", CODE) is CODE
    assert fitting("Ա123", CODE).font in (BODY.font, CODE.font)
