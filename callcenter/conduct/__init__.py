"""A caller's path through the house: what each event makes the parts do."""
