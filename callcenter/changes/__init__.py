"""What changes while calls go on: agents, queues, flows, rules."""
