"""The keeper process, which holds the shells while daemons come and go, and the daemon's link to it."""
