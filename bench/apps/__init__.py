"""The floors and the peers: small programs that the benchmark starts in the same way as runtask."""
