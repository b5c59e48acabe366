"""How the states of purchasing look."""

from collections.abc import Mapping

from infusion_desktop.desktop.colours import Tone
from infusion_desktop.stock.words import OrderState, VendorReturnState

ORDER_TONES: Mapping[OrderState, Tone] = {
    OrderState.DRAFT: Tone.NEUTRAL,
    OrderState.SENT: Tone.INFO,
    OrderState.PARTLY_RECEIVED: Tone.WARN,
    OrderState.RECEIVED: Tone.GOOD,
    OrderState.CLOSED: Tone.NEUTRAL,
    OrderState.CANCELLED: Tone.NEUTRAL,
}
RETURN_TONES: Mapping[VendorReturnState, Tone] = {
    VendorReturnState.SENT: Tone.WARN,
    VendorReturnState.CREDITED: Tone.GOOD,
    VendorReturnState.CLOSED: Tone.NEUTRAL,
}
