"""Screens of deliveries: the day's board, planning one, the bench, and everything about one delivery."""
