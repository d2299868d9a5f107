"""The models that clinicians use: promoted, retired, rolled back."""
