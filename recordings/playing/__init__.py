"""Audio over HTTP, at any place of it."""
