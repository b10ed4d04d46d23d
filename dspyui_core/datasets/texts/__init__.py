"""Texts: what a text shows about people, intentions and languages, told by patterns alone."""
