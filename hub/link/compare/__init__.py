"""One module a kind of comparison: the form it reads, its levels, words for them, and a symmetric function.

`compare` takes two known values and returns the index of a level; index 0, `missing`, is the engine's own.
"""
