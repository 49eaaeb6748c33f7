"""`judge view`: look at runs in a browser. Read-only; a run's files stay as they are.

Reading order: `viewed_run` (what is read of a run), `columns` (verdicts, scores and fields of all items as
arrays), `item_filter` (filters, search and sort, as they stand in the address), `text_index` (full-text
search, kept in the cache folder), `run_index` (builds both in the background), `people` and `second_run`
(what stands beside the judge's scores), `library` (the runs), `list_page` and `item_page` (what is shown),
`app` (the server).
"""
