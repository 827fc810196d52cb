"""serve: what the hub knows, for applications (HTTP) and operators (commands); judgements come in here."""
