"""How it looks: JSON as Mastodon's documentation names it."""
