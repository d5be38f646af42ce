"""How often each source is drawn, relative to its size: formulaic law and software text less, general text and our own records more."""

WEIGHTS = {"cn-laws": 0.4, "moj-law-zh": 0.5, "moj-law-en": 0.5, "moj-law-parallel": 0.6, "moj-law-xq": 0.5, "ms-d365-zh": 0.6, "ms-d365-x": 0.7,
           "ms-d365-xq": 0.7, "python-docs": 0.7, "tldr": 0.7, "tldr-x": 0.7, "drcd-dev": 2.0, "cmrc-trial": 2.0, "medquad": 1.0, "tatoeba": 1.5, "cedict": 1.2}


def weight(source):
    return WEIGHTS.get(source, 1.2 if source.startswith("own-") else 4.0 if source.startswith(("written-", "article-")) else 1.0)
