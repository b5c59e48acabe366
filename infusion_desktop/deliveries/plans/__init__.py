"""Planning a delivery, and the supply plan of a patient beside it."""
