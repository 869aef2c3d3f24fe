"""`runtask doctor`: examines every part of the set-up at once. Each area is a module with a function that yields findings."""
