"""The command line: its commands, and what it says to people."""
