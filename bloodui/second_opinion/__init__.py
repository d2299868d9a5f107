"""What one model says of an image, in every detail."""
