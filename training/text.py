"""Reads the training pairs and defines the one text normalisation of all our models (the same steps stand in tokenizer.json)."""
import gzip, json, os, re, unicodedata

# Exactly the white space of a JavaScript \s, so that both sides split at the same places.
SPACE = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
INVISIBLE = "\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f\u007f\u0080\u0081\u0082\u0083\u0084\u0085\u0086\u0087\u0088\u0089\u008a\u008b\u008c\u008d\u008e\u008f\u0090\u0091\u0092\u0093\u0094\u0095\u0096\u0097\u0098\u0099\u009a\u009b\u009c\u009d\u009e\u009f\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufe0e\ufe0f\ufffd"
# Letters and digits of scripts that put spaces between words. Each such word starts with the mark, wherever it stands ("用python写"), and nothing
# else does: Chinese has no spaces to mark, so spaces between other characters are dropped. Ranges, not classes: those differ between Unicode versions.
WORD = "0-9a-z\u00aa\u00b2\u00b3\u00b5\u00b9\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02af\u0300-\u1fff\ua640-\ua69f\uac00-\ud7af"
MARK = "\u2581"
_space = re.compile("[\u2047" + MARK + SPACE + "]+")
_invisible = re.compile("[" + INVISIBLE + "]")
_word = re.compile("(?<![" + WORD + "])(?=[" + WORD + "])")


def normalise(text):
    """The text as SentencePiece gets it: no space but one before every word."""
    text = _invisible.sub("", unicodedata.normalize("NFKC", text).lower())
    return _word.sub(MARK, _space.sub(" ", text)).replace(" ", "").replace(MARK, " ")


def read_pairs(folder):
    """Yields (a, b, lang, src) of every pairs-*.jsonl in a folder, in a fixed order."""
    for name in sorted(os.listdir(folder)):
        if not name.startswith("pairs-") or not name.endswith((".jsonl", ".jsonl.gz")):
            continue
        with (gzip.open if name.endswith(".gz") else open)(os.path.join(folder, name), "rt", encoding="utf-8") as lines:
            for line in lines:
                pair = json.loads(line)
                yield pair["a"], pair["b"], pair["lang"], pair["src"]


def read_beir(folder):
    """-> (document ids, texts, query ids, queries, {query: {document: score}}) of a BEIR folder; the title is put before the text."""
    def rows(name):
        with gzip.open(os.path.join(folder, name), "rt", encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]
    documents, queries = rows("corpus.jsonl.gz"), rows("queries.jsonl.gz")
    relevant = {}
    with open(os.path.join(folder, "qrels.tsv"), encoding="utf-8") as lines:
        for line in lines:
            query, document, score = line.rstrip("\n").split("\t")
            if score.lstrip("-").isdigit() and int(score) > 0:
                relevant.setdefault(query, {})[document] = int(score)
    text = [(d["title"] + "\n" + d["text"]).strip() if d.get("title") else d["text"] for d in documents]
    queries = [q for q in queries if q["_id"] in relevant]
    return [d["_id"] for d in documents], text, [q["_id"] for q in queries], [q["text"] for q in queries], relevant
