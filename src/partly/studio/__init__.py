"""Paint the parts of pictures, and watch the others follow: HTTP over a session over a live segmenter."""
