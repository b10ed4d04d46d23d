"""Flows: one story per file."""
