"""Continuous verification: does the hub hold what each office's table held at one position?

    verification ──> pending ──> passed ──> store ──> compare ──> store.verification, metrics
                     newest a    clean and  link.record as
                     table       link have  one snapshot
                                 passed it

It only looks: nothing in the river waits for it, and what differs is for a person to decide (docs/verification.md).
"""
