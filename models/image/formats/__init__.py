"""From bytes of unknown origin to pixels: each format's structure is checked before decoding."""
