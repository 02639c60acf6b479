"""The straight ways of packets: in Python, and in the loop in C."""
