"""The benchmark: this program, its physical floor and its peers, side by side in one run (`make bench`)."""
