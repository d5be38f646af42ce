"""Reranks the first candidates of the development sets and prints nDCG@10: keyword, fused as the app does (share of idf, outlier), reranker alone,
and both added; then calibration. A stand-in while training; the tables come from `manifold evaluate`.
usage: evaluate_reranker.py <evaluation folder> <work folder> <table.npy> <checkpoint> <stretch checkpoint> [queries a set] [candidates]"""
import os, sys
import numpy as np, torch
import sentencepiece as spm
from evaluate import SETS, Keywords, embed, ndcg, terms
from reranker import STRETCH_WEIGHT, Reranker
from stretch import Stretch
from text import normalise, read_beir

SHARES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)  # of the reranker's logit beside the fused score


def pad(rows, limit):
    rows = [r[:limit] for r in rows]
    out = np.ones((len(rows), max(2, max(map(len, rows)))), np.int64)
    for i, r in enumerate(rows):
        out[i, :len(r)] = r
    return torch.from_numpy(out)


def candidates(folder, pieces, vectors, count, top):
    """Yields (set, query pieces, documents' pieces, fused log-odds, grades, relevant, keyword nDCG) of each query."""
    for name in SETS[:6]:
        ids, texts, qids, queries, relevant = read_beir(os.path.join(folder, name))
        pick = np.random.default_rng(0).permutation(len(queries))[:count]
        documents, asked = pieces.encode([normalise(t) for t in texts]), pieces.encode([normalise(queries[i]) for i in pick])
        d, q, words = embed(pieces, vectors, texts), embed(pieces, vectors, [queries[i] for i in pick]), Keywords(texts)
        for row, i in enumerate(pick):
            k, v = words.score(queries[i]), d @ q[row]
            mass = sum(words.idf[words.number[w]] if w in words.number else np.log(1 + words.size * 2) for w in set(terms(queries[i]))) + 1e-9
            fused = 40 * np.minimum(k / mass, 3) ** 1.5 + np.clip((v - v.mean()) / v.std(), -12, 12)
            best = np.argsort(-fused, kind="stable")[:top]
            rel = relevant[qids[i]]
            yield name, asked[row], [documents[j] for j in best], fused[best], [rel.get(ids[j], 0) for j in best], rel, ndcg([ids[j] for j in np.argsort(-k, kind="stable")[:10]], rel)


def listed(order, grades, relevant):
    gains = {n: grades[j] for n, j in enumerate(order)}
    ideal = dict(gains)
    return ndcg(list(range(len(order))), gains) * ndcg_share(gains, relevant) if any(grades) else 0.0


def ndcg_share(gains, relevant):
    """ndcg divides by the best list of what it is given; this turns that into the best list of all relevant documents."""
    ideal = lambda grades: sum((2 ** g - 1) / np.log2(i + 2) for i, g in enumerate(sorted(grades, reverse=True)[:10]))
    return ideal([g for g in gains.values() if g]) / ideal(list(relevant.values()))


def main(folder, work, table, checkpoint, stretches, count="40", top="30"):
    torch.set_num_threads(1)
    pieces = spm.SentencePieceProcessor(model_file=work + "/pieces.model")
    vectors = np.load(work + "/" + table)
    vectors[:3] = 0
    idf = np.load(work + "/idf.npy")
    model, stretch = Reranker(vectors, idf, np.load(work + "/letters.npy")), Stretch(vectors, idf)
    model.load_state_dict(torch.load(work + "/" + checkpoint), strict=False)
    stretch.load_state_dict(torch.load(work + "/" + stretches), strict=False)
    stretch.eval()
    if not stretch.matter.weight.any():  # out of recover.py: the weights alone are left
        raise SystemExit("the stretches need their layer `matter`")
    model.eval()
    results, logits, answers = {}, [], []
    for name, query, documents, fused, grades, relevant, keyword in candidates(folder, pieces, vectors, int(count), int(top)):
        with torch.no_grad():
            asked, passages = pad([query], 64), pad(documents, 256)
            logit = (model(asked, passages[None]) + STRETCH_WEIGHT * stretch(asked, passages))[0].numpy()
        rank = lambda s: listed(np.argsort(-s, kind="stable"), grades, relevant)
        results.setdefault(name, []).append([keyword, rank(fused), rank(logit)] + [rank(fused + w * logit) for w in SHARES[1:]])
        logits += list(logit[:10]), 
        answers += [g > 0 for g in grades[:10]],
    for name, rows in results.items():
        mean = np.mean(rows, 0)
        print(f"{name:14s} keyword {mean[0]:.3f} fused {mean[1]:.3f} rerank {mean[2]:.3f} both " + " ".join(f"{w}:{m:.3f}" for w, m in zip(SHARES[1:], mean[3:])), flush=True)
    logit, relevant = np.concatenate(logits), np.concatenate(answers).astype(float)
    best = min(((np.logaddexp(0, -(a * logit + b)) * relevant + np.logaddexp(0, a * logit + b) * (1 - relevant)).mean(), a, b) for a in np.linspace(0.05, 1.5, 30) for b in np.linspace(-7, 2, 37))
    p = 1 / (1 + np.exp(-(best[1] * logit + best[2])))
    bins = np.minimum((p * 10).astype(int), 9)
    print("fit: scale", round(best[1], 2), "bias", round(best[2], 2), "log loss", round(best[0], 3), "ECE", round(sum(abs(p[bins == b].mean() - relevant[bins == b].mean()) * (bins == b).mean() for b in range(10) if (bins == b).any()), 3))


if __name__ == "__main__":
    main(*sys.argv[1:])
