"""What the journal tells of days and calls that are over."""
