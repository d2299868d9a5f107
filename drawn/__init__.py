"""Drawn smears: demonstration images and tests without a patient's image."""
