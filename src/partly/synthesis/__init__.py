"""Pictures with labels by the thousand, and the networks that learn from them."""
