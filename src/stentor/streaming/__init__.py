"""What is said live."""
