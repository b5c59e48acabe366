"""Two-dimensional codes on papers and labels, drawn as one path so that they stay sharp on every printer."""

from functools import lru_cache
from typing import Any

LONGEST_CODE = 120
_Runs = tuple[tuple[int, int, int], ...]


def can_encode(text: str) -> bool:
    """Whether a scanner that types can type the text: printable ASCII, not empty, not too long."""
    return bool(text) and len(text) <= LONGEST_CODE and text.isascii() and text.isprintable()


@lru_cache(maxsize=2048)
def data_matrix(text: str, gs1: bool = False) -> tuple[int, _Runs]:
    """The number of modules on a side and the dark runs (row from the top, first column, length).

    With ``gs1`` the text is bracketed, "(01)00312345678906(10)A12", and its check digits are verified. ValueError for
    a text that cannot be encoded.
    """
    if not can_encode(text):
        raise ValueError("not a text for a data matrix")
    from zxingcpp import BarcodeFormat, create_barcode

    options: dict[str, Any] = {"gs1": True} if gs1 else {}
    symbol = create_barcode(text, BarcodeFormat.DataMatrix, force_square=True, **options)
    picture: Any = symbol.to_image(scale=1, add_quiet_zones=False)
    rows: Any = memoryview(picture).tolist()
    return len(rows), tuple(run for index, row in enumerate(rows) for run in _runs(index, row))


def _runs(index: int, row: list[int]) -> list[tuple[int, int, int]]:
    runs = []
    start = -1
    for column, light in enumerate([*row, 1]):
        if not light and start < 0:
            start = column
        elif light and start >= 0:
            runs.append((index, start, column - start))
            start = -1
    return runs
