"""Drawings of a meta-analysis: every position and every word as strings, for SVG templates."""
