"""What sessions show: a terminal emulator in a process of its own, and the daemon's link to it."""
