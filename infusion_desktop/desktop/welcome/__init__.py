"""Before the pharmacy's own window: the first start, and signing in."""
