"""What serve_soak.py is made of."""
