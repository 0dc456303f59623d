"""The night: its stages, and what they run."""
