"""Many machines: bakes as jobs on Ray, captures and avatars in folders and in S3."""
