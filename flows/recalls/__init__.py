"""Recalls: from a lot code or a notice to what is here, what left, and whom to call (SPEC 7)."""
