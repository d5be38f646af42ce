"""Our own records as triples: two ways to say one thing, and what it is easily confused with. Made anew for every batch."""
import glob, json, os
import numpy as np
import sentencepiece as spm
from text import normalise


class Records:
    def __init__(self, folder, work):
        pieces = spm.SentencePieceProcessor(model_file=work + "/pieces.model")
        encode = lambda texts: [np.array(row, np.int64) for row in pieces.encode([normalise(t) for t in texts]) if row]
        self.rows = []
        for file in sorted(glob.glob(os.path.join(folder, "*.jsonl"))):
            for line in open(file, encoding="utf-8"):
                record = json.loads(line)
                ways = [encode(record["zh"] + [q["zh"] for q in record.get("q", []) if "zh" in q]), encode(record["en"] + [q["en"] for q in record.get("q", []) if "en" in q])]
                passages = encode(record.get("p", {}).values())
                wrong = encode(record.get("not", []))
                if ways[0] and ways[1]:
                    self.rows.append((ways, passages, wrong))

    def sample(self, rng, size):
        """-> three bags (flat ids, starts): anchors, the same said otherwise (now and then a passage), confusable ones."""
        out = [[], [], []]
        for i in rng.permutation(len(self.rows))[:size]:
            ways, passages, wrong = self.rows[i]
            pick = lambda some: some[rng.integers(len(some))]
            a = pick(pick(ways))
            b = pick(passages) if passages and rng.random() < 0.25 else pick(pick(ways))
            out[0].append(a), out[1].append(b)
            if wrong:
                out[2].append(pick(wrong))
        return [(np.concatenate(bag), np.concatenate([[0], np.cumsum([len(x) for x in bag])[:-1]])) for bag in out]
