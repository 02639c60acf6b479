"""What outlives a core that died, and where each call, visit and agent stands in the next one."""
