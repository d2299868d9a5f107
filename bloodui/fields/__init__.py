"""Fields of smears: every cell found, named, sorted, counted, and open to correction."""
