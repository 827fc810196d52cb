"""Models that the hub's own records teach, shown beside the present one before they take over."""
