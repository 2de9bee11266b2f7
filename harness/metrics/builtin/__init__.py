"""One file a metric; what lies here is known by lying here."""
