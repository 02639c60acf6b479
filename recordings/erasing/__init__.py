"""Recordings deleted for good, with a certificate, and those that nobody may delete."""
