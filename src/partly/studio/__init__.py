"""Paint, and watch the others follow: the page's server, the session, the live segmenter."""
