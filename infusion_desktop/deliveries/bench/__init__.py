"""From release to shipping: picked, verified, packed, in waves, undone before it counts."""
