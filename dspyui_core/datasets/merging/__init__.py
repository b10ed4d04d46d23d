"""Merging: two data files as one, in which what was there first stays as it is."""
