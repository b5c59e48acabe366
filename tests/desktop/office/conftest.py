"""The pharmacy of the delivery screens' tests, with Ann on cefazolin once a day."""

from tests.desktop.deliveries.conftest import house

__all__ = ["house"]
