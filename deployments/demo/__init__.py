"""The demonstration: a first turn, simulated users, and the turn that their corrections pay for."""
