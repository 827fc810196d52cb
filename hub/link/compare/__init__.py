"""One module a comparison: the names of its levels and a symmetric function from two features to a level's index."""
