"""What is sent by e-mail."""
