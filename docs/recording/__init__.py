"""The terminal recorder: a command in, a still picture of what it showed out."""
