"""Edited input for every reader, and an independent reading of whatever is accepted."""
