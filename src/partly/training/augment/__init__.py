"""Random changes of pictures, and of their labels where they move."""
