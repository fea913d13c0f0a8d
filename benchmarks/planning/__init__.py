"""What large work takes on many machines, by simulation from measured pieces."""
