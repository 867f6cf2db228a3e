"""What an experiment is: a sweep, its record, its metrics."""
