"""Code that runs in a process with Django: it fills databases, and measures within the process."""
