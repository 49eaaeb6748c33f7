"""Renderings of a Report: terminal text, notebook, HTML, Markdown, LaTeX and CSV."""
