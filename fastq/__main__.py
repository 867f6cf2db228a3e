"""``python -m fastq`` is the command line."""

from fastq.cli import main

main()
