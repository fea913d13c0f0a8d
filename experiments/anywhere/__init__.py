"""Photos composed of photos with truth: turned, small, several at once, cut; and what is found there."""
