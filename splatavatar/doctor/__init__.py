"""What of splatavatar can work on this machine."""
