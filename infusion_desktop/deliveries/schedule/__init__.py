"""On which day, by which driver, in which order; and what comes again."""
