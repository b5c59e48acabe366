"""Vendors, reorder proposals, purchase orders, receipts against them, returns and what items cost."""
