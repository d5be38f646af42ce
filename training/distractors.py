"""Writes 100,000 passages of the training pairs as distractors: {"text"} a line. usage: distractors.py <pairs folder> <out.jsonl.gz>"""
import gzip, json, random, sys
from text import read_pairs

folder, out = sys.argv[1:3]
passages = sorted({b for _, b, _, source in read_pairs(folder) if len(b) >= 80 and not source.startswith(("own-", "written-", "article-"))})
random.seed(1)
with gzip.open(out, "wt", encoding="utf-8") as file:
    for text in random.sample(passages, 100_000):
        file.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
print(len(passages), "passages, 100000 written")
