"""What all else stands on: errors, validation, whole files, compiling, and functions as text."""
