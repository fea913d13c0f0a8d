"""A few labels to a segmenter: features, segmenters, fitting, and which pictures to label next."""
