"""What others read: views over the state, each a SELECT."""
