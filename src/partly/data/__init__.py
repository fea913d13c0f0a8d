"""Photos, frames and drawn portraits; labels on them, and the formats labels come in. No torch."""
