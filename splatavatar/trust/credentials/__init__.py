"""Content credentials (C2PA 2): what a film, a picture or an export says of where it comes from, signed."""
