"""Managers' reports: each says in one line what it counts, and gives its rows and totals as plain values."""
