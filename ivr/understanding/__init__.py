"""What callers mean by what they say."""
