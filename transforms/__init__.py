"""The pure part of the night: tables in, tables out."""
