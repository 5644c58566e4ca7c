"""How one asks: HTTP in, HTTP out."""
