"""Padan / tidak padan: which records of an office match the civil register, which do not, and why.

The list that an office gets back ("data balikan").  It tells an office only of what it holds itself: a register value
is shown beside the office's own differing one, and a NIK is proposed where other evidence found the person.  Of
another person, who holds the NIK or might be meant, it shows nothing.
"""
