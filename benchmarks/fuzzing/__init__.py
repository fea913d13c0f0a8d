"""Files by mutation of good ones, and whether each ends in a result or a named error."""
