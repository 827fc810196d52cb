"""The real services that integration and end-to-end tests share, started once a session."""
