"""Flow files, read and checked as a whole."""
