"""What a capture shows and lacks, for people to read."""
