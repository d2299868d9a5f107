"""The cells of a smear field: cut out, read, counted, taken away (evidence)."""
