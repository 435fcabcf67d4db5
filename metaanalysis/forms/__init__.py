"""Choosing a method, and saying what the rows of a file become."""
