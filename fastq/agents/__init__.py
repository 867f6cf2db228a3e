"""What learns: hyperparameters, schedules, custom algorithms, and their names."""
