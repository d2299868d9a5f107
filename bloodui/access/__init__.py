"""Who is let in, by which door, and what the server tells browsers."""
