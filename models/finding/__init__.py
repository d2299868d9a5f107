"""The nucleated cells of a smear field: found and measured."""
