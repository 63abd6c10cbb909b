"""Where face signals come from."""
