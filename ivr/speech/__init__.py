"""What callers hear: texts as sound, and the files that are played."""
