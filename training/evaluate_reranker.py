"""Reranks the union of keyword and semantic top candidates on the development sets; prints nDCG@10 of keyword, z-sum, rerank alone and blends; with
calibration figures. usage: evaluate_reranker.py <evaluation folder> <work folder> <table.npy> <checkpoint> [queries a set] [scale bias]"""
import os, sys
import numpy as np, torch
import sentencepiece as spm
from evaluate import SETS, Keywords, embed, ndcg
from reranker import Reranker
from text import normalise, read_beir

BLENDS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)


def pad(rows, limit):
    rows = [r[:limit] for r in rows]
    out = np.ones((len(rows), max(2, max(map(len, rows)))), np.int64)
    for i, r in enumerate(rows):
        out[i, :len(r)] = r
    return torch.from_numpy(out)


def score(model, query, passages):
    """Logits of one query (ids) for passages (list of ids), in slices of like length."""
    order, out = np.argsort([len(p) for p in passages]), np.zeros(len(passages), np.float32)
    with torch.no_grad():
        for begin in range(0, len(order), 32):
            part = order[begin:begin + 32]
            out[part] = model(pad([query], 128), pad([passages[i] for i in part], 380)[None])[0].numpy()
    return out


def main(folder, work, table, checkpoint, count="150", scale="1", bias="0"):
    torch.set_num_threads(2)
    pieces = spm.SentencePieceProcessor(model_file=work + "/pieces.model")
    vectors = np.load(work + "/" + table)
    vectors[:3] = 0
    model = Reranker(vectors, np.load(work + "/idf.npy"))
    model.load_state_dict(torch.load(work + "/" + checkpoint), strict=False)
    model.eval()
    points = []
    for name in SETS[:6]:
        ids, texts, qids, queries, relevant = read_beir(os.path.join(folder, name))
        pick = np.random.default_rng(0).permutation(len(queries))[:int(count)]
        documents = [pieces.encode(normalise(t)) for t in texts]
        d, q = embed(pieces, vectors, texts), embed(pieces, vectors, [queries[i] for i in pick])
        words, total = Keywords(texts), np.zeros(3 + len(BLENDS))
        z = lambda v: (v - v.mean()) / (v.std() + 1e-9)
        for row, i in enumerate(pick):
            rel, k, v = relevant[qids[i]], words.score(queries[i]), d @ q[row]
            union = np.union1d(np.argsort(-k, kind="stable")[:100], np.argsort(-v, kind="stable")[:100])
            # the keyword leg counts by how much it knows of this query: its best score against what the query could reach
            fused = z(k[union]) + 0.5 * z(v[union])
            top = union[np.argsort(-fused, kind="stable")[:50]] if name.count("2") == 0 or name == "cmrc2018-zh" else union[np.argsort(-v[union], kind="stable")[:50]]
            first = z(fused)[np.searchsorted(union, top)] if name.count("2") == 0 or name == "cmrc2018-zh" else z(v[top])
            logit = score(model, pieces.encode(normalise(queries[i])), [documents[j] for j in top])
            p = 1 / (1 + np.exp(-(float(scale) * logit + float(bias))))
            points += [(p[n], ids[j] in rel, name, i, logit[n]) for n, j in enumerate(top)]
            listing = lambda s: ndcg([ids[j] for j in top[np.argsort(-s, kind="stable")]], rel)
            total[0] += ndcg([ids[j] for j in np.argsort(-k, kind="stable")[:10]], rel)
            total[1] += ndcg([ids[j] for j in union[np.argsort(-fused, kind="stable")]], rel)
            total[2] += listing(logit)
            for n, blend in enumerate(BLENDS):
                total[3 + n] += listing(z(first) + blend * z(logit))
        total /= len(pick)
        print(f"{name:14s} keyword {total[0]:.3f} z-sum {total[1]:.3f} rerank {total[2]:.3f} blends " + " ".join(f"{b}:{t:.3f}" for b, t in zip(BLENDS, total[3:])), flush=True)
    p, y = np.array([x[0] for x in points]), np.array([x[1] for x in points], float)
    bins = np.minimum((p * 10).astype(int), 9)
    ece = sum(abs(p[bins == b].mean() - y[bins == b].mean()) * (bins == b).mean() for b in range(10) if (bins == b).any())
    print("pairs", len(p), "relevant", y.mean().round(4), "ECE", round(ece, 4), "bins", [(b, int((bins == b).sum()), round(float(y[bins == b].mean()), 2)) for b in range(10) if (bins == b).any()])
    np.savez(work + "/scores.npz", logit=np.array([x[4] for x in points]), relevant=y, name=np.array([x[2] for x in points]), query=np.array([x[3] for x in points]))


if __name__ == "__main__":
    main(*sys.argv[1:])
