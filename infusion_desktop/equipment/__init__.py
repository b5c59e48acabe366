"""Pumps and poles: custody, cleaning, function checks and maintenance."""
