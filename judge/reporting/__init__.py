"""Reports: the results of an analysis as sentences, tables and charts, and their renderings.

Reading order: `document` (the Report and its parts), `builders` (analysis -> Report) with `findings`,
`tables` and `figures`, then `render` (Report -> text, HTML, ...). `gates` tests a Report against thresholds.
"""
