"""Versions: snapshots on disk, and finding and forgetting rows in them."""
