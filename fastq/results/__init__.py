"""What a study says: tables, curves, estimates, selection and sensitivity."""
