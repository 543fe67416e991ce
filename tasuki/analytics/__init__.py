"""Analytics: the pure arithmetic behind every number. It knows no database, no Django and no department."""
