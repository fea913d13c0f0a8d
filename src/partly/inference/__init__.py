"""Networks at work on photos, and in other programs."""
