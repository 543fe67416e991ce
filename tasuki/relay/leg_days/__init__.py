"""The numbers of inside sales by day, so that a page costs the same whether a year holds a thousand calls or a million.

`rows` holds what was counted, `facts` says of what in SQL, `keeping` counts it, `covering` says which spans of days make up a period, `seeing` and
`lines` which of it somebody sees, and `reading` adds it up. What cannot be told from it is counted from the rows (`leg_rows`).
"""
