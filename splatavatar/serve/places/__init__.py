"""Where captures and avatars lie: in folders and in S3, under one interface."""
