"""The protocol between daemon and clients, and where they meet: pure, imports nothing else of ours."""
