"""`runtask doctor`: every part of the set-up, looked at in one go."""
