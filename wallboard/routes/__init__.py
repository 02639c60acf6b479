"""`/api/v1` and the sockets beside it: the floor's part."""
