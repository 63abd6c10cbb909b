"""Shows an avatar in a browser: a server, and the page that poses, sorts and draws on the device of who looks."""
