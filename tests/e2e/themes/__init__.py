"""Settings of sites whose admin has another theme."""
