"""What a splat is: Gaussians, their binding to triangles, and their files."""
