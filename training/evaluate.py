"""Retrieval figures without the app: keyword (BM25), semantic, and both, on BEIR folders. A stand-in while training; the tables come from `manifold evaluate`."""
import math, os, re, sys
import numpy as np
from text import normalise, read_beir

SETS = ["cranfield-en", "squad-en", "cmrc2018-zh", "xquad-zh", "xquad-zh2en", "xquad-en2zh", "tatoeba-zh2en"]
HAN = re.compile("[\u3400-\u9fff]+")


def terms(text):
    text = normalise(text)
    words = [w[:-1] if len(w) > 3 and w.endswith("s") and not w.endswith("ss") else w for w in re.findall("[0-9a-z\u00df-\u024f]+", text)]
    for run in HAN.findall(text):
        words += [run[i:i + 2] for i in range(len(run) - 1)] or [run]
    return words


class Keywords:
    """BM25, k1 1.2, b 0.75."""

    def __init__(self, texts):
        self.number, rows, cols, counts, lengths = {}, [], [], [], []
        for document, text in enumerate(texts):
            words = terms(text)
            lengths.append(len(words))
            tally = {}
            for word in words:
                tally[word] = tally.get(word, 0) + 1
            for word, count in tally.items():
                cols.append(self.number.setdefault(word, len(self.number))), rows.append(document), counts.append(count)
        rows, cols, counts, lengths = map(np.array, (rows, cols, counts, lengths))
        self.size = len(texts)
        df = np.bincount(cols, minlength=len(self.number))
        self.idf = np.log(1 + (self.size - df + 0.5) / (df + 0.5))
        weight = self.idf[cols] * counts * 2.2 / (counts + 1.2 * (0.25 + 0.75 * lengths[rows] / max(1, lengths.mean())))
        order = np.argsort(cols, kind="stable")
        self.rows, self.weight, self.start = rows[order], weight[order], np.concatenate([[0], np.cumsum(df)])

    def score(self, query):
        score = np.zeros(self.size, np.float32)
        for word in set(terms(query)):
            n = self.number.get(word)
            if n is not None:
                span = slice(self.start[n], self.start[n + 1])
                score[self.rows[span]] += self.weight[span]
        return score


def ndcg(ranked, relevant, k=10):
    gain = sum((2 ** relevant.get(d, 0) - 1) / math.log2(i + 2) for i, d in enumerate(ranked[:k]))
    best = sum((2 ** g - 1) / math.log2(i + 2) for i, g in enumerate(sorted(relevant.values(), reverse=True)[:k]))
    return gain / best


def embed(pieces, table, texts, limit=512):
    out = np.zeros((len(texts), table.shape[1]), np.float32)
    for i, row in enumerate(pieces.encode([normalise(t) for t in texts])):
        out[i] = table[row[:limit]].sum(0)
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)


def spearman(x, y):
    rank = lambda v: np.unique(v, return_inverse=True)[1] * 1.0 if False else np.array([np.mean(np.flatnonzero(np.sort(v) == value)) for value in v])
    return np.corrcoef(rank(np.asarray(x)), rank(np.asarray(y)))[0, 1]


EXAMPLES = [("电脑蓝屏", "Windows系统崩溃解决方案", "蓝色屏保壁纸下载"), ("I love cats", "I adore felines", "I love cars"), ("Best movie ever!", "I love this product!", "Terrible waste of money"),
            ("退租押金", "租房合同的保证金返还", "如何做米饭"), ("医生", "大夫", "律师"), ("苹果手机怎么截屏", "iPhone 截图方法", "苹果和梨的营养价值"), ("bank of the river", "the shore of the stream", "open a savings account")]


def examples(encode):
    for anchor, near, far in EXAMPLES:
        v = encode([anchor, near, far])
        print(f"  {'ok ' if v[0] @ v[1] > v[0] @ v[2] else 'BAD'} {anchor} | {near} {v[0] @ v[1]:.2f} | {far} {v[0] @ v[2]:.2f}")


def run(folder, encode, limit=800, sets=SETS, fuse=True):
    """encode(texts) -> unit rows. Prints nDCG@10 of keyword, semantic and z-sum (keyword + 0.5 semantic over both top 100), and recall@100 of semantic."""
    for name in sets:
        ids, texts, _, queries, relevant = read_beir(os.path.join(folder, name))
        qids = [q for q in read_beir(os.path.join(folder, name))[2]]
        pick = np.random.default_rng(0).permutation(len(queries))[:limit]
        d, q = encode(texts), encode([queries[i] for i in pick])
        dense = q @ d.T
        words = Keywords(texts) if fuse else None
        total = np.zeros(4)
        for row, i in enumerate(pick):
            rel = relevant[qids[i]]
            top = np.argsort(-dense[row], kind="stable")[:100]
            total[1] += ndcg([ids[j] for j in top], rel)
            total[3] += len({ids[j] for j in top} & set(rel)) / len(rel)
            if fuse:
                k = words.score(queries[i])
                ktop = np.argsort(-k, kind="stable")[:100]
                total[0] += ndcg([ids[j] for j in ktop], rel)
                union = np.union1d(top, ktop)
                z = lambda v: (v - v.mean()) / (v.std() + 1e-9)
                fused = z(k[union]) + 0.5 * z(dense[row][union])
                total[2] += ndcg([ids[j] for j in union[np.argsort(-fused, kind="stable")]], rel)
        print(f"{name:14s} keyword {total[0] / len(pick):.3f} semantic {total[1] / len(pick):.3f} z-sum {total[2] / len(pick):.3f} recall@100 {total[3] / len(pick):.3f}", flush=True)
    rows = [line.rstrip("\n").split("\t") for line in open(os.path.join(folder, "sts/stsb-en-dev.tsv"), encoding="utf-8")]
    rows = [r for r in rows if len(r) == 3 and r[2].replace(".", "").isdigit()]
    left, right = encode([r[0] for r in rows]), encode([r[1] for r in rows])
    print(f"STS-B Spearman {spearman((left * right).sum(1), [float(r[2]) for r in rows]):.3f}")
    examples(encode)


if __name__ == "__main__":
    import sentencepiece as spm
    folder, work, table = sys.argv[1:4]
    pieces = spm.SentencePieceProcessor(model_file=work + "/pieces.model")
    table = np.load(work + "/" + table)
    width = int(sys.argv[4]) if len(sys.argv) > 4 else 256
    table[:3] = 0
    run(folder, lambda texts: embed(pieces, table[:, :width], texts))
