"""Makes training pairs of what we wrote ourselves: questions for passages of the corpora, short articles with questions, and records of everyday meaning.
usage: written.py gather <questions folder> <questions.jsonl.gz>      adds those of the sheets they were written in (in/NAME.json, out/NAME.tsv)
       written.py articles <folder of articles-*.jsonl> <articles.jsonl.gz>
       written.py pairs <pairs folder> <questions.jsonl.gz> <articles.jsonl.gz> <records.jsonl> <out folder>
       written.py near <near.jsonl> <work folder>              near.npz: the same as pieces, for train_encoder.py
A question names its passage by the first 16 hex digits of the sha256 of the passage's text, so no text of others is kept here. `own` are questions in the language of the passage, in
other words than it uses; `near` is a question on the same subject that the passage does not answer. An article has four passages on one subject, each with questions the others do not
answer: two in its own language and one in the other. `pairs` writes pairs-written.jsonl (sources written-*, article-*) and near.jsonl ({"q", "a" which it answers, "b"})."""
import glob, gzip, hashlib, json, os, random, sys
from text import normalise, read_pairs

digest = lambda text: hashlib.sha256(text.encode()).hexdigest()[:16]


def packed(rows, out):
    with gzip.GzipFile(out, "wb", mtime=0) as file:
        for row in rows:
            file.write((json.dumps(row, ensure_ascii=False) + "\n").encode())
    print(len(rows), out)


def lines(path):
    return [json.loads(line) for line in (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8")]


def gather(folder, out):
    rows = lines(out) if os.path.exists(out) else []
    known = {json.dumps(row) for row in rows}  # gathered twice, a row is there once
    for sheet in sorted(glob.glob(folder + "/out/*.tsv")):
        passages = json.load(open(sheet.replace("/out/", "/in/").replace(".tsv", ".json"), encoding="utf-8"))
        for line in open(sheet, encoding="utf-8"):
            cells = [cell.strip() for cell in line.rstrip("\n").split("\t")]
            if len(cells) == 4 and cells[0].isdigit() and int(cells[0]) < len(passages) and all(cells[1:]):
                row = {"passage": digest(passages[int(cells[0])]["text"]), "own": cells[1:3], "other": cells[3:]}
                if json.dumps(row) not in known:
                    rows.append(row), known.add(json.dumps(row))
    packed(rows, out)


def articles(folder, out):
    rows = [row for path in sorted(glob.glob(folder + "/articles-*.jsonl")) for row in lines(path)]
    for row in rows:
        assert row["lang"] in ("en", "zh") and all(part["p"] and len(part["q"]) == 3 and all(part["q"]) for part in row["p"]), row
    packed(rows, out)


def is_chinese(text):
    return sum("\u3400" <= c <= "\u9fff" for c in text) > 0.2 * len(text)


def pairs(folder, questions, written, records, out):
    random.seed(3)
    asked = lines(questions)
    wanted = {row["passage"] for row in asked}
    found = {}
    for _, b, _, _ in read_pairs(folder):
        if (key := digest(b)) in wanted:
            found[key] = b
    made, near = [], []

    def put(passage, own, questions, others, source):
        other = "en" if own == "zh" else "zh"
        made.extend((question, passage, own, f"{source}-{own}-qa") for question in questions)
        made.extend((question, passage, "x", f"{source}-{other}2{own}-qa") for question in others)

    for row in asked:
        passage = found.get(row["passage"])
        if passage is None:
            continue
        own, other = ("zh", "en") if is_chinese(passage) else ("en", "zh")
        put(passage, own, row.get("own") or [row[own]], row.get("other") or [row[other]], "written")
        if "near" in row:
            near.append({"q": row["near"], "a": row[own], "b": passage})
    for row in lines(written):
        for part in row["p"]:
            put(part["p"], row["lang"], part["q"][:2], part["q"][2:], "article")
    for record in lines(records) if records != "-" else []:
        ways = {lang: list(dict.fromkeys(record[lang])) for lang in ("zh", "en")}
        passages = record.get("p", {})
        for lang, texts in ways.items():
            every = [(a, b) for i, a in enumerate(texts) for b in texts[i + 1:]]
            made += [(a, b, lang, "written-syn") for a, b in random.sample(every, min(6, len(every)))]
            made += [(a, passages[lang], lang, "written-term") for a in texts[:4] if lang in passages]
        made += [(a, b, "x", "written-x") for a, b in zip(random.sample(ways["zh"], min(len(ways["zh"]), 6)), ways["en"])]
        for question in record.get("q", []):
            for asks in question.values():
                made += [(asks, passage, "x", "written-daily-qa") for passage in passages.values()]
    with open(out + "/pairs-written.jsonl", "w", encoding="utf-8") as file:
        for a, b, lang, source in made:
            file.write(json.dumps({"a": a, "b": b, "lang": lang, "src": source}, ensure_ascii=False) + "\n")
    with open(out + "/near.jsonl", "w", encoding="utf-8") as file:
        for row in near:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(len(made), "pairs,", len(near), "near misses,", sum(row["passage"] not in found for row in asked), "questions without their passage")


def near(rows, work):
    """Writes ids (all texts one after another), offsets, and for each row the numbers of its texts: q (not answered), a (answered), b (the passage)."""
    import numpy as np, sentencepiece as spm
    pieces = spm.SentencePieceProcessor(model_file=work + "/pieces.model")
    number, ids, offsets = {}, [], [0]

    def put(text):
        if text not in number:
            row = pieces.encode(normalise(text))[:200]
            number[text] = len(number)
            ids.append(np.array(row, np.int32)), offsets.append(offsets[-1] + len(row))
        return number[text]

    rows = [json.loads(line) for line in open(rows, encoding="utf-8")]
    np.savez(work + "/near.npz", **{key: np.array([put(row[key]) for row in rows]) for key in "qab"}, ids=np.concatenate(ids), offsets=np.array(offsets))


if __name__ == "__main__":
    {"gather": gather, "articles": articles, "pairs": pairs, "near": near}[sys.argv[1]](*sys.argv[2:])
