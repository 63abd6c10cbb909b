"""What makes one face of what the sources say."""
