"""What one step computes, and what computes it."""
