"""What runs inside a process with Django: filling databases, and measurements of what happens in one process."""
