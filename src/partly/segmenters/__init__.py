"""Few-shot segmenters: feature pyramid to logits. One file a family, one line in the catalogue."""
