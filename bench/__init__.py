"""The benchmark: runtask beside floors and peers, all measured in the same run (`make bench`)."""
