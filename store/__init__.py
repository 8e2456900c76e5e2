"""The session store: crash-exact logs and their records; imports nothing else of ours."""
