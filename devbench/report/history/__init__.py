"""What a history shows: series as a table, as CSV and as JSON, and the numbers behind a decision."""
