"""What several tests share: pictures, captures, rigs and tools that they make or start."""
