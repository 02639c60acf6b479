"""Two sides on one time line, and as a file that is whole at every moment."""
