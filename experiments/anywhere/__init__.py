"""Photos composed of photos with truth: objects turned, shrunk, several at once, cut; and what is found there."""
