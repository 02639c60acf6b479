"""What people have still to do about a call that is over: tasks."""
