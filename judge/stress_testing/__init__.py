"""Test a judge without people: change answers, pictures or the rubric, and see whether scores respond.

A probe makes a changed twin of an item (or of the rubric) and declares how each dimension must respond.
`draw` chooses the items, `twins` builds them, `scoring` scores both with one judge, and `outcomes` compares
them.
"""
