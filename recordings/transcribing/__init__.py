"""Speech to text afterwards: jobs, models, and words as people read them."""
