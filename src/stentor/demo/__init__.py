"""A small community that nobody has to make up, for looking round (`stentor demo`)."""
