"""The figures of runs over months: one immutable Parquet file for each run, folded by month."""
