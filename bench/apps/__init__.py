"""The floors and the peers: small programs that are started in the same way as ours."""
