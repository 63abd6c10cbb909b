"""The drive: face signals in, pictures out."""
