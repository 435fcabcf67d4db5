"""What concerns this installation rather than guidelines: its environment, its database, its backups, its health."""
