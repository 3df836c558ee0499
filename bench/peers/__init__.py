"""Other programs that answer the same questions, each with the best storage and the best query that we could find."""
