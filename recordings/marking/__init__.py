"""What happened in a talk, on the time line of its recording."""
