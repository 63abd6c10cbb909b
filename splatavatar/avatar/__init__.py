"""What a bake produces: the avatar and its file."""
