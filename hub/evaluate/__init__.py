"""How good is resolution: against a truth file, a judged sample, and public data beside a peer.  No stage knows it."""
