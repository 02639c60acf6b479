"""Providers: where they are, whether they live, that we are registered there."""
