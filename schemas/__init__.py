"""The contracts: one page a table, in the order of the night."""
