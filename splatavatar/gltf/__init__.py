"""Files of glTF 2.0."""
