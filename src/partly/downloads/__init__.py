"""Models that are downloaded: what there is, how it is got, and how it is loaded by name."""
