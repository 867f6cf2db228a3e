"""The named worlds, and their registration with gymnasium."""
