"""What is an alarm, and who outside is told of it."""
