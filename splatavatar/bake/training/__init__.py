"""From the first Gaussians to the last: the optimiser and what it keeps."""
