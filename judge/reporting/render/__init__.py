"""A Report as text, HTML, Markdown, LaTeX or CSV."""
