"""NeRSemble: sixteen calibrated cameras round a head, its sequences as pictures or films, and its benchmarks."""
