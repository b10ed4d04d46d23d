"""The reference: Markdown pages written from the code itself, so that they cannot drift."""
