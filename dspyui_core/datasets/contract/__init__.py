"""The row contract: what a row has to be, and every problem of one that is not."""
