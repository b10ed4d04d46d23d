"""Tasks: a named policy (retry, timeout) and one core call each."""
