"""Where a study lies: manifest, parts, and the places that hold them."""
