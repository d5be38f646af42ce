"""Finds hard negatives for question -> passage pairs: passages that BM25 (over pieces) or the embedding rank high but that are not the answer.
usage: mine.py <work folder> <table.npy> <out.npz> [share of the queries]"""
import sys, time
import numpy as np

CAPS = {"medquad": 9000, "drcd-dev": 6000, "cmrc-trial": 2000, "openstax-heading": 9000, "openstax-ict": 8000, "ms-d365-zh": 5000, "javaguide": 4000, "pingcap-docs-cn": 3000,
        "oi-wiki": 2000, "d2l-zh": 1000, "cn-laws": 6000, "moj-law-zh": 3000, "moj-law-en": 1500, "moj-law-xq": 5000, "ms-d365-xq": 5000, "moj-law-parallel": 3000, "howtocook": 1500,
        "python-docs": 3000, "tldr": 3000, "tldr-x": 2000, "tatoeba": 5000, "openstax-glossary": 2000, "wordnet-def": 2500, "cow-gloss": 2500, "d2l-x": 800, "cedict": 2000}


def main(work, table, out, share="1"):
    data = dict(np.load(work + "/pairs.npz"))
    vectors = np.load(work + "/" + table)
    vectors[:3] = 0
    rng = np.random.default_rng(5)
    ids, offsets, names = data["ids"], data["offsets"], data["names"]
    chosen = []
    for number, name in enumerate(names):
        name = str(name)
        cap = CAPS.get(name, 10000 if name.startswith("own-") and name.endswith(("-qa", "-term")) else 0)
        chosen.append(rng.permutation(np.flatnonzero(data["source"] == number))[:int(cap * float(share))])
    chosen = np.concatenate(chosen)
    query, positive = data["a"][chosen], data["b"][chosen]
    pool = np.unique(positive)
    place = {text: i for i, text in enumerate(pool)}
    answers = {}
    for a, b in zip(data["a"], data["b"]):
        answers.setdefault(a, set()).add(b)
        answers.setdefault(b, set()).add(a)
    print("queries", len(query), "pool", len(pool), flush=True)
    began = time.time()
    # BM25 over pieces
    length = np.diff(offsets)[pool]
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
    embedded_queries = np.stack([vectors[ids[offsets[t]:offsets[t + 1]]].sum(0) for t in query]).astype(np.float32)
    embedded_queries /= np.maximum(np.linalg.norm(embedded_queries, axis=1, keepdims=True), 1e-9)
    np.save(f"{work}/idf.npy", idf.astype(np.float32))
    negatives = np.full((len(query), 16), -1, np.int64)  # 8 of BM25, 8 of the embedding
    score = np.zeros(len(pool), np.float32)
    for begin in range(0, len(query), 512):
        dense = embedded_queries[begin:begin + 512] @ embedded.T
        for i in range(begin, min(begin + 512, len(query))):
            known = answers[query[i]] | {query[i]}
            score[:] = 0
            for piece in np.unique(ids[offsets[query[i]]:offsets[query[i] + 1]]):
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
    np.savez(work + "/" + out, query=query, positive=positive, negatives=negatives, source=data["source"][chosen], names=names)


if __name__ == "__main__":
    main(*sys.argv[1:])
