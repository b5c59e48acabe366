"""Files people bring: the catalogue and opening balances, looked at before they are taken in."""
