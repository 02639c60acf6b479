"""What `callcenter doctor` looks at."""
