"""The state and its file: the warehouse, the night's tables beside it, commit, manifest, audit."""
