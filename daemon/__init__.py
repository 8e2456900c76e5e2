"""The daemon: owns the sessions and serves their clients."""
