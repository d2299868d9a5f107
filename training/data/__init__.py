"""Indexes of images: adapters, pictures, duplicates, splits."""
