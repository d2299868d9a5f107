"""What lies in a bundle's folder: manifest, card, pins, network, archive."""
