"""Screens of stock: receiving at the bench, lots by place, the catalogue and the ledger of moves."""
