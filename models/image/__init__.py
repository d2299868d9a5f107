"""Bytes → micrograph: formats, quality, where cells are."""
