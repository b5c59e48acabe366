"""At the patient's door: delivered, proven, corrected."""
