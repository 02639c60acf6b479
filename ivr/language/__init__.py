"""What a flow is made of: nodes, values, expressions, texts with values in them, hours."""
