"""What an operator can type: one file a group of commands."""
