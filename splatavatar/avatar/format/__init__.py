"""The format of the avatar file: what it holds, its bytes and numbers, and what makes sense in it."""
