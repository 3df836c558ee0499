"""What requests say, parsed. Rules live in the services; a form only turns text into values."""
