"""What a landmark detector sees in clips and pictures."""
