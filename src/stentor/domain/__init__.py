"""What is true: values and decisions, without any I/O."""
