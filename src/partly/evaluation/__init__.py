"""How good it is: measures, label maps against truth, generators against photos, pages."""
