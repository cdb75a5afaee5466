"""Figures as people read them: words and numbers of a language, tables, cards and charts."""
