"""Programs for those who work on the house; nothing at run time needs them."""
