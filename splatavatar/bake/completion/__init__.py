"""What no picture showed: how well each place was seen, and what takes the place of what was not."""
