"""Who is the same: a pure engine from record events to edges, clusters and entity ids."""
