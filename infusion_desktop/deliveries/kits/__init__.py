"""Kit templates and what a kit needs for a therapy and a period."""
