"""Pumps and poles on their way: swapped, fetched, returned, charged for."""
