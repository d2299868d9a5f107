"""What readers said of cells, kept with their consent: to look at, to take away, to learn from."""
