"""Finds hard negatives for question -> passage pairs: passages that BM25 (over pieces) or the embedding rank high but that are not the answer.
Sources whose passages answer each other's headings (laws, manuals) are left out: their "negatives" would be answers. Beside real questions there are made
ones: a few pieces of a span of a passage, some other question's words among them, now and then word by word in the other language.
usage: mine.py <work folder> <table.npy> <out.npz> [share of the queries]
Writes query (flat pieces), bounds, positive and negatives (text numbers; 8 of BM25, 8 of the embedding, -1 for none), source; made ones last."""
import sys, time
import numpy as np
from static import dictionary, switched

CAPS = {"medquad": 4000, "drcd-dev": 6000, "cmrc-trial": 2000, "openstax-ict": 2500, "howtocook": 600, "tldr": 800, "tldr-x": 600, "tatoeba": 1500, "python-docs": 800, "openstax-glossary": 600}
MADE = {"medquad": 800, "drcd-dev": 2500, "cmrc-trial": 800, "openstax-heading": 2500, "openstax-ict": 1000, "javaguide": 500, "oi-wiki": 300, "pingcap-docs-cn": 400, "ms-d365-zh": 700,
        "cn-laws": 800, "moj-law-en": 300, "howtocook": 300, "d2l-x": 300}


def make(span, others, words, rng):
    """A query as a person might type it who remembers a passage: some of its words, some that are not in it, perhaps in the other language."""
    query = span[rng.random(len(span)) >= 0.35]
    if rng.random() < 0.4:
        query = switched(query, np.array([0]), words, rng, 0.85)[0] if len(query) else query
    noise = others[rng.random(len(others)) < 0.3][:4]
    return np.concatenate([query, noise])[:32] if rng.random() < 0.5 else np.concatenate([noise, query])[:32]


def main(work, table, out, share="1"):
    data = dict(np.load(work + "/pairs.npz"))
    vectors = np.load(work + "/" + table)
    vectors[:3] = 0
    rng = np.random.default_rng(5)
    ids, offsets, names = data["ids"], data["offsets"], data["names"]
    chosen = []
    for number, name in enumerate(names):
        name = str(name)
        cap = CAPS.get(name, {"-qa": 700, "erm": 300}.get(name[-3:], 0) if name.startswith("own-") else 12000 if name.startswith(("written-", "article-")) and name.endswith(("-qa", "-term")) else 0)
        chosen.append(rng.permutation(np.flatnonzero(data["source"] == number))[:int(cap * float(share))])
    chosen = np.concatenate(chosen)
    text = lambda t: ids[offsets[t]:offsets[t + 1]]
    known_as, positive, source = data["a"][chosen], data["b"][chosen], data["source"][chosen]
    query = [text(t)[:48] for t in known_as]
    words, length = dictionary(data), np.diff(offsets)
    for number, name in enumerate(names):
        passages = np.unique(data["b"][data["source"] == number])
        passages = rng.permutation(passages[length[passages] >= 40])[:int(MADE.get(str(name), 0) * float(share))]
        for passage in passages:
            size = rng.integers(8, 22)
            begin = rng.integers(0, min(length[passage], 160) - size + 1)
            query.append(make(text(passage)[begin:begin + size], query[rng.integers(len(chosen))], words, rng))
        positive, source = np.concatenate([positive, passages]), np.concatenate([source, np.full(len(passages), number)])
    known_as = np.concatenate([known_as, np.full(len(positive) - len(known_as), -1)])
    keep = np.array([len(q) > 0 for q in query])
    query, known_as, positive, source = [q for q, k in zip(query, keep) if k], known_as[keep], positive[keep], source[keep]
    pool = np.unique(positive)
    place = {text: i for i, text in enumerate(pool)}
    answers = {}
    for a, b in zip(data["a"], data["b"]):
        answers.setdefault(a, set()).add(b)
        answers.setdefault(b, set()).add(a)
    print("queries", len(query), "pool", len(pool), flush=True)
    began = time.time()
    # BM25 over pieces
    length = length[pool]
    rows = np.repeat(np.arange(len(pool)), length)
    cols = np.concatenate([ids[offsets[t]:offsets[t + 1]] for t in pool])
    key, count = np.unique(rows.astype(np.int64) * 48000 + cols, return_counts=True)
    rows, cols = key // 48000, key % 48000
    df = np.bincount(cols, minlength=48000)
    idf = np.log(1 + (len(pool) - df + 0.5) / (df + 0.5))
    weight = (idf[cols] * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * length[rows] / length.mean()))).astype(np.float32)
    order = np.argsort(cols, kind="stable")
    rows, weight, start = rows[order], weight[order], np.concatenate([[0], np.cumsum(df)])
    embedded = np.stack([vectors[ids[offsets[t]:offsets[t + 1]]].sum(0) for t in pool]).astype(np.float32)
    embedded /= np.maximum(np.linalg.norm(embedded, axis=1, keepdims=True), 1e-9)
    embedded_queries = np.stack([vectors[q].sum(0) for q in query]).astype(np.float32)
    embedded_queries /= np.maximum(np.linalg.norm(embedded_queries, axis=1, keepdims=True), 1e-9)
    negatives = np.full((len(query), 16), -1, np.int64)  # 8 of BM25, 8 of the embedding
    score = np.zeros(len(pool), np.float32)
    for begin in range(0, len(query), 512):
        dense = embedded_queries[begin:begin + 512] @ embedded.T
        for i in range(begin, min(begin + 512, len(query))):
            known = answers.get(known_as[i], set()) | {known_as[i], positive[i]}
            score[:] = 0
            for piece in np.unique(query[i]):
                if df[piece] < 0.05 * len(pool):
                    span = slice(start[piece], start[piece + 1])
                    score[rows[span]] += weight[span]
            column = 0
            for ranking, upto in ((score, 8), (dense[i - begin], 16)):
                top = np.argpartition(-ranking, 40)[:40]
                for j in top[np.argsort(-ranking[top])]:
                    if column >= upto:
                        break
                    if pool[j] not in known and pool[j] not in negatives[i]:
                        negatives[i, column] = pool[j]
                        column += 1
                column = upto
        if begin % 5120 == 0:
            print(begin, f"{time.time() - began:.0f}s", flush=True)
    np.savez(work + "/" + out, query=np.concatenate(query), bounds=np.cumsum([0] + [len(q) for q in query]), positive=positive, negatives=negatives, source=source, names=names)


if __name__ == "__main__":
    main(*sys.argv[1:])
