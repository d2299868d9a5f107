"""The installed models and their cards."""
