"""People, episodes of care, therapies, access devices, interruptions, prescribers and coverage."""
