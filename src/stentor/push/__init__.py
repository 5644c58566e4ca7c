"""What is sent to devices."""
