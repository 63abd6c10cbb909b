"""Body models that a user brings: FLAME and SMPL-X, whose files come with their own licences."""
