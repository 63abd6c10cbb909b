"""What a bake shows and leaves for people to read."""
