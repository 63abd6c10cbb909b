"""Face signals from speech: features, the network that ships with the package, and a contract for other networks."""
