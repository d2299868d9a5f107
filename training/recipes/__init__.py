"""How a model is made, as data: recipes and tasks (TOML) and their types."""
