"""Drafts: a first spec from a data file, for a new workspace."""
