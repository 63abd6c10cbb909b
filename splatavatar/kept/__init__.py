"""What stays on this machine between two runs: which kinds there are, who may read them, and how they go."""
