"""What several tests need: real daemons, and a client that takes the protocol literally."""
