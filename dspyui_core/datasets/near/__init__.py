"""Near-duplicates: which texts nearly repeat each other."""
