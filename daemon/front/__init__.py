"""The front door: sockets, gate, routes, and what each client is sent."""
