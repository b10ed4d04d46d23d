"""Voting: what users say the answer to an input is, and whose word counts."""
