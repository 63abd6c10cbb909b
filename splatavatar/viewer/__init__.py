"""Avatars shown elsewhere: a page that plays them, and the server that hands it out."""
