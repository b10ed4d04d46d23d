"""Suites: the numbers that sum a dataset up, and the expectations that judge them."""
