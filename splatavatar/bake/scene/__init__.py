"""What a bake optimises towards, and what it begins with."""
