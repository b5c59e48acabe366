"""A month billed for everyone."""
