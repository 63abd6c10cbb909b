"""A room: people who see and hear each other, each as an avatar of their own."""
