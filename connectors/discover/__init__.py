"""`satudata discover`: a first draft of a source's contract, from what stands at the source.

    database ──┐                                       words     what columns are called
    files    ──┴─> seen ──> guess ──────────> draft    shapes    what their values look like
                   tables,  which attribute   TOML
                   samples  a column is

A draft is read and completed by a person: who owns the data, by what right and for what purpose they flow is left
blank, and until it is filled in the contract does not start.  Samples are looked at and forgotten: no value of a row is
printed, but for the words of small vocabularies such as sex.
"""
