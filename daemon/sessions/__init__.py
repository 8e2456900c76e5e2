"""Sessions: how they live, end, and are found again."""
