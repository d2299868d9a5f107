"""Files made to keep intake busy, by format; none holds a picture of anything."""
