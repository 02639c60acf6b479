"""The core process: builds the parts, joins them, runs them."""
