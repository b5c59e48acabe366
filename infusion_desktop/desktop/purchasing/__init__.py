"""Screens of purchasing: proposals, orders, returns, vendors, shortages and what costs do to the per diem."""
