"""`runtask doctor`: examines every part of the set-up at once. Each area is a function that yields findings."""
