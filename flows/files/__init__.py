"""Reading files: a reader a format, and what has to be known of a file before it."""
