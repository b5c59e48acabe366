"""Payer rules, authorizations, per-diem days, charges, claims and remittances."""
