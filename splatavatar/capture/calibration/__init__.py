"""Whether known cameras are what they say: landmarks of the face against the pictures, and mistakes by name."""
