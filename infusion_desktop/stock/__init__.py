"""Items, lots, locations, the move ledger, receiving, counts and recalls."""
