"""Writes copies of the development sets that keep only the quarter of queries with the least word overlap with their answer.
usage: hard.py <evaluation folder> <out folder>"""
import gzip, json, os, shutil, sys
from evaluate import terms
from text import read_beir

folder, out = sys.argv[1:3]
for name in ("squad-en", "cmrc2018-zh", "xquad-zh"):
    ids, texts, qids, queries, relevant = read_beir(f"{folder}/{name}")
    words = {i: set(terms(t)) for i, t in zip(ids, texts)}
    def overlap(qid, query):
        asked = set(terms(query))
        return max(len(asked & words[d]) for d in relevant[qid] if d in words) / max(1, len(asked))
    order = sorted(range(len(qids)), key=lambda i: (overlap(qids[i], queries[i]), qids[i]))
    kept = order[: len(order) // 4]
    target = f"{out}/hard-{name}"
    os.makedirs(target, exist_ok=True)
    shutil.copy(f"{folder}/{name}/corpus.jsonl.gz", target)
    shutil.copy(f"{folder}/{name}/qrels.tsv", target)
    os.chmod(f"{target}/qrels.tsv", 0o644)
    with gzip.open(f"{target}/queries.jsonl.gz", "wt", encoding="utf-8") as file:
        for i in kept:
            file.write(json.dumps({"_id": qids[i], "text": queries[i]}, ensure_ascii=False) + "\n")
    print(target, len(kept), "overlap up to", round(overlap(qids[kept[-1]], queries[kept[-1]]), 2))
