"""What `benchmarks/peers.py` measures: fastq's peers, and how they are timed and told of."""
