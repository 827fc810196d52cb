"""publish: committed outbox rows become messages, in the order of commits, once for every reader."""
