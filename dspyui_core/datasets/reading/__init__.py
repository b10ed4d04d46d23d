"""Reading: data files as raw rows of cells, whole or one after another."""
