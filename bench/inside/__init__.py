"""Code for a process with Django: it fills databases, and measures within one process."""
