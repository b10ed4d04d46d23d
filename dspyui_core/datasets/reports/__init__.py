"""Reports: what the gate found, for machines and for people."""
