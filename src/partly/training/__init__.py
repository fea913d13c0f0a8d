"""Every loop that takes steps, and the sitting that they share."""
