"""HIBC codes as labels carry them, for tests that scan: the program itself only reads them."""

from infusion_desktop.stock.scanning.hibc import check_character


def build(primary: str, secondary: str = "") -> str:
    """A HIBC code of labeler, product and unit, with its second part after "/" where given, and its check character."""
    body = f"+{primary}/{secondary}" if secondary else f"+{primary}"
    return body + check_character(body)


def build_secondary(secondary: str, link: str) -> str:
    """A second code that stands alone: it repeats the first one's check character before its own."""
    body = f"+{secondary}{link}"
    return body + check_character(body)
