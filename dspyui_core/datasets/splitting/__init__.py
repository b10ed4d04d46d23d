"""Splitting: each input's split, decided once for ever."""
