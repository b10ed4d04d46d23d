"""One file per schema revision, oldest first by number; a released revision is never edited."""
