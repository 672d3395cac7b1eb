"""Letters: what is written to applicants, to the unit and about an alarm."""
